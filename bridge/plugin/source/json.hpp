#pragma once
#include <juce_core/juce_core.h>

#include <initializer_list>

namespace producergan::plugin {

/// A JSON object of these fields. [thread-safe]
inline juce::var object(std::initializer_list<juce::NamedValueSet::NamedValue> fields) {
    auto* made = new juce::DynamicObject();
    for (const auto& field : fields)
        made->setProperty(field.name, field.value);
    return made;
}

/// One more field of a JSON object. [thread-safe]
inline void add(juce::var& object, const char* name, const juce::var& value) {
    object.getDynamicObject()->setProperty(name, value);
}

/// A JSON list of these things. [thread-safe]
inline juce::var row(std::initializer_list<juce::var> things) {
    juce::Array<juce::var> list;
    for (const juce::var& thing : things)
        list.add(thing);
    return list;
}

} // namespace producergan::plugin
