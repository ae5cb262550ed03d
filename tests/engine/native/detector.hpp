#pragma once
// Replaces, in the one source file of a test program that includes it, the functions that allocate, free, lock or wait
// by ones that count, while a flag of the calling thread says that it is inside of what must do none of that.
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace producergan::test {

inline thread_local bool inside = false;
inline thread_local unsigned long violations = 0;
inline thread_local const char* last_violation = "";

inline void note(const char* what) noexcept {
    if (inside) {
        ++violations;
        last_violation = what;
    }
}

template <typename Function>
Function* real(const char* name) noexcept {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

} // namespace producergan::test

extern "C" {
// glibc's own names for what is replaced, so that looking them up needs no memory. operator new and delete end here
// too.
void* __libc_malloc(std::size_t) noexcept;
void* __libc_calloc(std::size_t, std::size_t) noexcept;
void* __libc_realloc(void*, std::size_t) noexcept;
void* __libc_memalign(std::size_t, std::size_t) noexcept;
void __libc_free(void*) noexcept;

void* malloc(std::size_t size) noexcept {
    producergan::test::note("malloc");
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
    producergan::test::note("calloc");
    return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) noexcept {
    producergan::test::note("realloc");
    return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    producergan::test::note("aligned_alloc");
    return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
    producergan::test::note("posix_memalign");
    return (*memory = __libc_memalign(alignment, size)) == nullptr ? 12 : 0;
}
void free(void* memory) noexcept {
    if (memory != nullptr)
        producergan::test::note("free");
    __libc_free(memory);
}

#define PRODUCERGAN_COUNTED(result, name, parameters, arguments)                                                       \
    result name parameters noexcept {                                                                                  \
        producergan::test::note(#name);                                                                                \
        static auto* const original = producergan::test::real<result parameters>(#name);                               \
        return original arguments;                                                                                     \
    }
PRODUCERGAN_COUNTED(int, pthread_mutex_lock, (pthread_mutex_t * mutex), (mutex))
PRODUCERGAN_COUNTED(int, pthread_mutex_trylock, (pthread_mutex_t * mutex), (mutex))
PRODUCERGAN_COUNTED(int, pthread_rwlock_rdlock, (pthread_rwlock_t * lock), (lock))
PRODUCERGAN_COUNTED(int, pthread_rwlock_wrlock, (pthread_rwlock_t * lock), (lock))
PRODUCERGAN_COUNTED(int, pthread_cond_signal, (pthread_cond_t * condition), (condition))
PRODUCERGAN_COUNTED(int, pthread_cond_broadcast, (pthread_cond_t * condition), (condition))
PRODUCERGAN_COUNTED(int, sched_yield, (), ())
#undef PRODUCERGAN_COUNTED

// Waits that may be cancelled are declared without noexcept.
#define PRODUCERGAN_COUNTED(result, name, parameters, arguments)                                                       \
    result name parameters {                                                                                           \
        producergan::test::note(#name);                                                                                \
        static auto* const original = producergan::test::real<result parameters>(#name);                               \
        return original arguments;                                                                                     \
    }
PRODUCERGAN_COUNTED(int, pthread_cond_wait, (pthread_cond_t * condition, pthread_mutex_t* mutex), (condition, mutex))
PRODUCERGAN_COUNTED(int, nanosleep, (const timespec* time, timespec* left), (time, left))
PRODUCERGAN_COUNTED(int, clock_nanosleep, (clockid_t clock, int flags, const timespec* time, timespec* left),
                    (clock, flags, time, left))
PRODUCERGAN_COUNTED(ssize_t, write, (int file, const void* data, std::size_t size), (file, data, size))
PRODUCERGAN_COUNTED(ssize_t, read, (int file, void* data, std::size_t size), (file, data, size))
PRODUCERGAN_COUNTED(int, poll, (pollfd * files, nfds_t count, int time), (files, count, time))
PRODUCERGAN_COUNTED(int, sem_wait, (sem_t * semaphore), (semaphore))
#undef PRODUCERGAN_COUNTED
}

namespace producergan::test {

class Inside {
public:
    Inside() noexcept { inside = true; }
    ~Inside() { inside = false; }
};

inline void* volatile kept = nullptr; // so that no allocation is optimised away

/// Does one of these things inside, so that it is seen to be counted.
inline void sin_on_purpose(const std::string& what) {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static void* const memory = std::malloc(16);
    const Inside flag;
    if (what == "malloc")
        kept = std::malloc(16);
    else if (what == "free")
        std::free(memory);
    else if (what == "new")
        kept = ::operator new(16);
    else if (what == "lock" && pthread_mutex_lock(&mutex) == 0)
        pthread_mutex_unlock(&mutex);
    else if (what == "trylock" && pthread_mutex_trylock(&mutex) == 0)
        pthread_mutex_unlock(&mutex);
    else if (what == "yield")
        sched_yield();
}

} // namespace producergan::test
