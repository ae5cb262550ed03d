#pragma once
// JSON that means nothing, and JSON that meant something until one thing in it was changed.
#include <juce_core/juce_core.h>

#include <limits>

#include "material.hpp"

namespace producergan::test {

/// What no writer of JSON would write: put in the place of marks after the rest is text.
inline const char* raw_junk(Random& random) {
    static const char* const texts[] = {"1e999",
                                        "-1e999",
                                        "1e-400",
                                        "NaN",
                                        "'x'",
                                        "'\"'",
                                        "\"\\ud800\"",
                                        "99999999999999999999",
                                        "- 1",
                                        "-\"",
                                        "tru",
                                        "[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]",
                                        "{\"a\":1,\"a\":2}",
                                        "\"",
                                        ",",
                                        "1.",
                                        "0x10",
                                        "\"\\u0000\""};
    return texts[random() % (sizeof texts / sizeof *texts)];
}

inline juce::var junk(Random& random) {
    switch (below(random, 18)) {
    case 0:
        return {};
    case 1:
        return true;
    case 2:
        return -1;
    case 3:
        return 0;
    case 4:
        return std::numeric_limits<int>::max();
    case 5:
        return std::numeric_limits<int>::min();
    case 6:
        return juce::int64{1} << 53;
    case 7:
        return std::numeric_limits<juce::int64>::min();
    case 8:
        return 1e300;
    case 9:
        return -1e-300;
    case 10:
        return 0.5;
    case 11:
        return "";
    case 12:
        return juce::String::repeatedString(juce::CharPointer_UTF8("\xc3\xa9"), 1 + below(random, 5000));
    case 13:
        return juce::Array<juce::var>();
    case 14:
        return juce::Array<juce::var>{juce::Array<juce::var>(), 1};
    case 15:
        return new juce::DynamicObject();
    case 16:
        return below(random, 300) - 100;
    default:
        return "@RAW@";
    }
}

/// Changes the `place`th thing of a tree; what is left of `place` afterwards is not negative if there were fewer.
inline void change(juce::var& node, int& place, Random& random) {
    if (place-- == 0) {
        node = junk(random);
        return;
    }
    if (auto* list = node.getArray()) {
        for (int i = 0; i < list->size() && place >= 0; ++i)
            change(list->getReference(i), place, random);
        if (place == -1 && chance(random, 0.1) && !list->isEmpty()) {
            if (chance(random, 0.5))
                list->remove(below(random, list->size()));
            else
                list->add(juce::var(list->getReference(below(random, list->size()))));
            place = -2;
        }
    } else if (auto* object = node.getDynamicObject()) {
        auto& fields = object->getProperties();
        for (int i = 0; i < fields.size() && place >= 0; ++i)
            change(*fields.getVarPointerAt(i), place, random);
        if (place == -1 && chance(random, 0.1) && fields.size() > 0) {
            if (chance(random, 0.5))
                fields.remove(fields.getName(below(random, fields.size())));
            else
                fields.set("more", junk(random));
            place = -2;
        }
    }
}

inline int count_of(const juce::var& node) {
    int count = 1;
    if (const auto* list = node.getArray())
        for (const juce::var& item : *list)
            count += count_of(item);
    if (auto* object = node.getDynamicObject())
        for (const auto& field : object->getProperties())
            count += count_of(field.value);
    return count;
}

/// A copy with so many things changed, as text.
inline std::string changed_json(const juce::var& tree, int changes, Random& random) {
    juce::var copy = tree.clone();
    for (int i = 0; i < changes; ++i) {
        int place = below(random, count_of(copy));
        change(copy, place, random);
    }
    std::string text = juce::JSON::toString(copy, true).toStdString();
    for (std::size_t at; (at = text.find("\"@RAW@\"")) != std::string::npos;)
        text.replace(at, 7, raw_junk(random));
    return text;
}

} // namespace producergan::test
