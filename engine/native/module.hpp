#pragma once
// What the parts of the Python module share.
#include <nanobind/nanobind.h>

#include <string>

#include "producergan/parameters.hpp"

/// Index of a parameter in its scope's table. Raises KeyError.
inline int parameter_of(producergan::Scope scope, const std::string& id) {
    for (int i = 0; i < producergan::parameter_count(scope); ++i)
        if (producergan::parameter_info(scope, i).id == id)
            return i;
    throw nanobind::key_error(("no sampler parameter is called " + id).c_str());
}

/// Raises ValueError.
inline producergan::Scope scope_of(const std::string& name) {
    if (name != "zone" && name != "play")
        throw nanobind::value_error("a parameter's scope is zone or play");
    return name == "zone" ? producergan::Scope::zone : producergan::Scope::play;
}

void bind_knobs(nanobind::module_& m); // module_knobs.cpp
