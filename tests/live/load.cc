// SPDX-License-Identifier: GPL-2.0-or-later
// The load in C++: a template in a namespace, a method of a template class, an operator.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

namespace
{
inline void chain(std::uint64_t steps)
{
	std::uint64_t value = steps;

	for (; steps; steps--) {
		value = value * 6364136223846793005u + 1;
		__asm__ volatile("" : "+r"(value));
	}
}

double cpu_seconds()
{
	timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
} // namespace

namespace load
{
template <typename T> [[gnu::noipa]] void half(std::uint64_t steps, const std::vector<T> &)
{
	chain(steps);
}

template <typename T> struct burner {
	[[gnu::noipa]] void third(std::uint64_t steps) const
	{
		chain(steps);
	}
	[[gnu::noipa]] bool operator<(std::uint64_t steps) const
	{
		chain(steps);
		return true;
	}
};
} // namespace load

int main(int argc, char **argv)
{
	double until = argc > 1 ? strtod(argv[1], nullptr) : 1;
	std::uint64_t random = 1;
	std::vector<int> none;
	load::burner<char *> burner;

	puts("50 load::half<int>\n"
	     "30 load::burner<char*>::third\n"
	     "20 load::burner<char*>::operator<\n");
	fflush(stdout);
	if (getchar() == EOF)
		return 1;
	until += cpu_seconds();
	while (cpu_seconds() < until) {
		std::uint64_t steps;

		random = random * 6364136223846793005u + 1442695040888963407u;
		steps = 100000 + (random >> 33) % 100000;
		load::half(steps * 5, none);
		burner.third(steps * 3);
		(void)(burner < steps * 2);
	}
	puts("done");
	fflush(stdout);
	while (getchar() != EOF)
		;
}
