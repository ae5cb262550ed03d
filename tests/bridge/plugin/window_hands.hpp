#pragma once
#include <string>
#include <vector>

namespace producergan::plugin::test {

/// What a player does with the window, one thing at a time: the names of these checks.
std::vector<std::string> hands();

/// Does one of them; false if there is none of this name. Ends the program with a sentence if something is not so.
bool check_hand(const std::string& name);

} // namespace producergan::plugin::test
