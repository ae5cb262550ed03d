#include "frame.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace producergan::plugin {

namespace {

using link::Field;
using link::Kind;

std::string in_quotes(std::string_view text) { return "'" + std::string(text) + "'"; }

[[noreturn]] void wrong(std::string_view type, std::string_view field) {
    throw LinkError("The engine sent a message " + in_quotes(type) + " whose " + in_quotes(field) +
                    " the link does not allow.");
}

bool within(double value, const Field& field) {
    return std::isfinite(value) && value >= field.minimum && value <= field.maximum;
}

bool allowed(const juce::var& value, const Field& field);

bool all_allowed(juce::DynamicObject& object, const Field* fields, int count) {
    for (int i = 0; i < count; ++i) {
        const juce::Identifier name(fields[i].name.data());
        if (!object.hasProperty(name) || !allowed(object.getProperty(name), fields[i]))
            return false;
    }
    return true;
}

/// Whether a value is what the table says of a field.
bool allowed(const juce::var& value, const Field& field) {
    const auto* list = value.getArray();
    auto* object = value.getDynamicObject();
    switch (field.kind) {
    case Kind::integer:
        return (value.isInt() || value.isInt64()) && within(static_cast<double>(value), field);
    case Kind::number:
        return (value.isInt() || value.isInt64() || value.isDouble()) && within(static_cast<double>(value), field);
    case Kind::boolean:
        return value.isBool();
    case Kind::text:
        return value.isString() && within(static_cast<double>(value.toString().getNumBytesAsUTF8()), field);
    case Kind::sound:
        return value.isString() && value.toString().length() == 32 && value.toString().containsOnly("0123456789abcdef");
    case Kind::list:
        if (list == nullptr || !within(list->size(), field))
            return false;
        for (const juce::var& item : *list)
            if (!allowed(item, *field.element))
                return false;
        return true;
    case Kind::row:
        if (list == nullptr || list->size() != field.element_count)
            return false;
        for (int i = 0; i < field.element_count; ++i)
            if (!allowed((*list)[i], field.element[i]))
                return false;
        return true;
    case Kind::record:
        return object != nullptr && object->getProperties().size() == field.element_count &&
               all_allowed(*object, field.element, field.element_count);
    case Kind::values:
        if (object == nullptr || !within(object->getProperties().size(), field))
            return false;
        for (const auto& entry : object->getProperties())
            if (!allowed(entry.value, *field.element))
                return false;
        return true;
    }
    return false;
}

const link::Message& known(const juce::String& type, link::Direction direction) {
    for (const link::Message& message : link::messages)
        if (message.direction == direction && type == juce::String(message.type.data()))
            return message;
    throw LinkError("The engine sent a message " + in_quotes(type.substring(0, 32).toStdString()) +
                    " that the link does not know.");
}

} // namespace

void check_message(const juce::var& head, std::size_t body_bytes, link::Direction direction) {
    auto* object = head.getDynamicObject();
    if (object == nullptr || !object->getProperty("type").isString())
        throw LinkError("The engine sent something that is no message of the link.");
    const link::Message& message = known(object->getProperty("type"), direction);
    if (const juce::var version = object->getProperty("version");
        message.type == "welcome" && version.isInt() && static_cast<int>(version) != link::link_version)
        throw LinkError( // before its fields: another version may have others
            "The engine speaks version " + std::to_string(static_cast<int>(version)) +
            " of the link and the plugin version " + std::to_string(link::link_version) +
            "; install the plugin and the engine of the same ProducerGAN.");
    if (object->getProperties().size() != message.field_count + 1)
        wrong(message.type, "fields");
    for (int i = 0; i < message.field_count; ++i) {
        const Field& field = message.fields[i];
        const juce::Identifier name(field.name.data());
        if (!object->hasProperty(name) || !allowed(object->getProperty(name), field))
            wrong(message.type, field.name);
    }
    if (message.body == link::Body::none) {
        if (body_bytes != 0)
            wrong(message.type, "body");
        return;
    }
    const auto row = 4 * static_cast<std::size_t>(static_cast<juce::int64>(object->getProperty("frames")));
    if (body_bytes != row && body_bytes != row * link::max_channels)
        wrong(message.type, "body");
}

bool shallow(const char* text, std::size_t size) {
    int depth = 0;
    char quote = 0; // of the string that it is in: JUCE's parser takes both kinds
    for (std::size_t i = 0; i < size; ++i) {
        const char c = text[i];
        if (quote != 0) {
            if (c == '\\')
                ++i;
            else if (c == quote)
                quote = 0;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '[' || c == '{') {
            if (++depth > link::max_depth)
                return false;
        } else if (c == ']' || c == '}') {
            --depth;
        }
    }
    return true;
}

namespace {

juce::var filled(const juce::var& value, const Field* fields, int count);

/// What a field has that says nothing, and that the table allows.
juce::var nothing(const Field& field) {
    switch (field.kind) {
    case Kind::integer:
        return static_cast<juce::int64>(std::clamp(0.0, field.minimum, field.maximum));
    case Kind::number:
        return std::clamp(0.0, field.minimum, field.maximum);
    case Kind::boolean:
        return false;
    case Kind::list:
    case Kind::row:
        return juce::Array<juce::var>();
    case Kind::record:
        return filled({}, field.element, field.element_count);
    case Kind::values:
        return new juce::DynamicObject();
    case Kind::text:
    case Kind::sound:
        break;
    }
    return juce::String::repeatedString("0", static_cast<int>(field.minimum));
}

juce::var filled(const juce::var& value, const Field& field) {
    if (field.kind == Kind::record && value.getDynamicObject() != nullptr)
        return filled(value, field.element, field.element_count);
    if (field.kind != Kind::list || value.getArray() == nullptr)
        return value;
    juce::Array<juce::var> items;
    for (const juce::var& item : *value.getArray())
        items.add(filled(item, *field.element));
    return items;
}

juce::var filled(const juce::var& value, const Field* fields, int count) {
    auto* made = new juce::DynamicObject();
    for (int i = 0; i < count; ++i) {
        const juce::Identifier name(fields[i].name.data());
        made->setProperty(name, value.hasProperty(name) ? filled(value[name], fields[i]) : nothing(fields[i]));
    }
    return made;
}

std::uint32_t length_at(const char* data) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(data);
    return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | static_cast<std::uint32_t>(bytes[3]) << 24;
}

} // namespace

juce::var brought_up_to_date(const juce::var& head, std::string_view type) {
    const link::Message& message = known(juce::String(type.data(), type.size()), link::Direction::to_client);
    if (head.getDynamicObject() == nullptr)
        throw LinkError("A message " + in_quotes(type) + " is damaged.");
    juce::var made = filled(head, message.fields, message.field_count);
    made.getDynamicObject()->setProperty("type", juce::String(type.data(), type.size()));
    return made;
}

std::string frame(const juce::var& head) {
    check_message(head, 0, link::Direction::to_engine);
    const std::string text = juce::JSON::toString(head, true).toStdString();
    if (text.size() > link::max_head)
        throw LinkError("A message to the engine got too long.");
    const auto size = static_cast<std::uint32_t>(text.size());
    std::string bytes(8, '\0');
    for (int i = 0; i < 4; ++i)
        bytes[static_cast<std::size_t>(i)] = static_cast<char>(size >> (8 * i) & 0xff);
    return bytes + text;
}

void FrameReader::feed(const char* data, std::size_t size) {
    if (at_ > 0) {
        waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(at_));
        at_ = 0;
    }
    waiting_.insert(waiting_.end(), data, data + size);
}

bool FrameReader::next(Message& message) {
    const std::size_t there = waiting_.size() - at_;
    if (there < 8)
        return false;
    const char* data = waiting_.data() + at_;
    const std::uint32_t head_size = length_at(data), body_size = length_at(data + 4);
    if (head_size < 2 || head_size > link::max_head || body_size > link::max_body || body_size % 4 != 0)
        throw LinkError("The engine sent a frame of a length that the link does not allow.");
    const std::size_t whole = std::size_t{8} + head_size + body_size;
    if (there < whole)
        return false;
    if (!juce::CharPointer_UTF8::isValidString(data + 8, static_cast<int>(head_size)) ||
        std::memchr(data + 8, 0, head_size) != nullptr || !shallow(data + 8, head_size))
        throw LinkError("The engine sent something that is no message of the link.");
    juce::var head;
    if (juce::JSON::parse(juce::String::fromUTF8(data + 8, static_cast<int>(head_size)), head).failed())
        throw LinkError("The engine sent something that is no message of the link.");
    check_message(head, body_size, link::Direction::to_client);
    message.type = head["type"];
    message.head = head;
    message.body.resize(body_size / 4);
    if (body_size > 0)
        std::memcpy(message.body.data(), data + 8 + head_size, body_size);
    at_ += whole;
    for (const float sample : message.body)
        if (!std::isfinite(sample))
            throw LinkError("The engine sent audio that is no numbers.");
    return true;
}

} // namespace producergan::plugin
