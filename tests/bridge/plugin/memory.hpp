#pragma once
// How much memory this process holds.
#include <unistd.h>

#include <cstdio>

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool sanitized = true; // which keeps what was freed for a while
#else
inline constexpr bool sanitized = false;
#endif

namespace producergan::test {

inline long resident_bytes() {
    long pages = 0, resident = 0;
    if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2)
            resident = 0;
        std::fclose(file);
    }
    return resident * ::sysconf(_SC_PAGESIZE);
}

} // namespace producergan::test
