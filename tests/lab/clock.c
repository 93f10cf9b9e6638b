/* A wall clock that jumps from 2001 to 2033 and back with each look at it, for whatever runs with this preloaded.
   Clocks that only go forward are left alone. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t jump(void)
{
    static unsigned looks;
    return ++looks % 2 ? 1000000000 : 2000000000;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    long failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec = jump();
    return (int)failed;
}

int gettimeofday(struct timeval *now, void *zone)
{
    (void)zone;
    now->tv_sec = jump();
    now->tv_usec = 0;
    return 0;
}

time_t time(time_t *now)
{
    time_t seconds = jump();
    if (now)
        *now = seconds;
    return seconds;
}
