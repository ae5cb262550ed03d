#include "window_hands.hpp"

#include "window_bench.hpp"

namespace producergan::plugin::test {

namespace {

const HandChecks& all() {
    static const HandChecks checks = [] {
        HandChecks joined = playing();
        joined.merge(operating());
        joined.merge(choosing());
        return joined;
    }();
    return checks;
}

} // namespace

std::vector<std::string> hands() {
    std::vector<std::string> names;
    for (const auto& [name, made] : all())
        names.push_back(name);
    return names;
}

bool check_hand(const std::string& name) {
    const auto found = all().find(name);
    if (found == all().end())
        return false;
    found->second();
    return true;
}

} // namespace producergan::plugin::test
