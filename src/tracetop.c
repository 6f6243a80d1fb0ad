/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options and verbs; the only file that knows them all. */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "command/command.h"
#include "command/privilege.h"
#include "resolve/child.h"
#include "source/silence.h"

#define DEFAULT_FREQUENCY 99
#define DEFAULT_BUFFER ((size_t)256 << 20)
#define LEAST_BUFFER ((size_t)1 << 20)

static const char usage[] =
	"usage: tracetop [OPTION…] [VIEW] [-- COMMAND…]     what this machine does, on the screen\n"
	"       tracetop -r FILE [VIEW]                     the same of a capture\n"
	"       tracetop record -w FILE [OPTION…] [-- COMMAND…]\n"
	"       tracetop show VIEW [-r FILE] [OPTION…] [-- COMMAND…]\n"
	"       tracetop list views|fields|events|keys|containers [PATTERN]\n"
	"       tracetop check                              what this kernel and these rights "
	"allow\n"
	"\n"
	"  -e EVENT           sample this event (tracetop list events); more than once for "
	"several\n"
	"  -F HZ              samples a second and CPU (99)\n"
	"  -g fp|none         call chains by frame pointers (fp), or none\n"
	"  -p PID[,PID…]      these processes and their children only\n"
	"  -c CONTAINER       this container only, by its name, the beginning of its id, or its "
	"pod\n"
	"  -C CPUS            these CPUs only (0-3,8)\n"
	"  -f FILTER          show what passes this filter only (tracetop list fields)\n"
	"  -d SECONDS         interval of the display, or of show\n"
	"  --duration SECONDS how long show and record run\n"
	"  --format FORMAT    of show and list: text, csv, json, jsonl\n"
	"  -r FILE, -w FILE   read a capture; write one\n"
	"  --buffer SIZE      memory for what is recorded (256M)\n"
	"  --ring SIZE        of the kernel's ring for samples of a CPU\n"
	"  --readonly         refuse everything that changes the system\n"
	"  --ascii, --mono    no characters beyond ASCII; no colours (NO_COLOR does it too)\n"
	"  -h, --help         this; -V, --version: the version\n"
	"\n"
	"The manual: man tracetop\n";

enum {
	OPTION_DURATION = 256,
	OPTION_FORMAT,
	OPTION_BUFFER,
	OPTION_RING,
	OPTION_READONLY,
	OPTION_ASCII,
	OPTION_MONO
};

static const struct option long_options[] = {{"duration", required_argument, NULL, OPTION_DURATION},
	{"format", required_argument, NULL, OPTION_FORMAT},
	{"buffer", required_argument, NULL, OPTION_BUFFER},
	{"ring", required_argument, NULL, OPTION_RING},
	{"readonly", no_argument, NULL, OPTION_READONLY},
	{"ascii", no_argument, NULL, OPTION_ASCII}, {"mono", no_argument, NULL, OPTION_MONO},
	{"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, {NULL, 0, NULL, 0}};

struct verb {
	const char *name;
	int (*run)(const struct options *options);
	bool takes_what; /* a view, or what is to be listed */
	bool needs_what;
	bool is_list;	    /* takes a pattern behind it, and the format of the manual */
	int command_output; /* of the command behind -- */
};

static const struct verb verbs[] = {
	{"record", command_record, false, false, false, STDOUT_FILENO},
	{"show", command_show, true, true, false, STDERR_FILENO},
	{"list", command_list, true, true, true, STDOUT_FILENO},
	{"check", command_check, false, false, false, STDOUT_FILENO},
};

/* Without a verb: the screen.  No view is named like a verb. */
static const struct verb live = {"", command_live, true, false, false, -1};

static int wrong(const char *format, const char *what)
{
	char *text = mem_printf(format, what);

	command_complain(text);
	free(text);
	fputs("Try: tracetop --help\n", stderr);
	return EXIT_USAGE;
}

/* A number with an optional suffix K, M or G, of at least @least; 0: it is none. */
static size_t parse_size(const char *text, size_t least)
{
	char *end;
	unsigned long long number;
	size_t factor = 1;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (*end == 'K' || *end == 'k')
		factor = 1 << 10;
	else if (*end == 'M' || *end == 'm')
		factor = 1 << 20;
	else if (*end == 'G' || *end == 'g')
		factor = 1 << 30;
	if (errno || end == text || end[factor > 1] || number > SIZE_MAX / factor)
		return 0;
	return number * factor < least ? 0 : (size_t)number * factor;
}

static bool parse_seconds(const char *text, double least, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	return end != text && !*end && *seconds >= least && *seconds <= 1e7;
}

static bool parse_pids(const char *text, struct options *options)
{
	do {
		char *end;
		unsigned long pid = strtoul(text, &end, 10);

		if (end == text || !pid || pid > INT32_MAX || (*end && *end != ',') ||
			options->pid_count == OPTIONS_PIDS)
			return false;
		options->pids[options->pid_count++] = (uint32_t)pid;
		text = *end ? end + 1 : end;
	} while (*text);
	return true;
}

static bool parse_format(const char *text, enum show_format *format)
{
	static const char *const names[] = {[FORMAT_TEXT] = "text",
		[FORMAT_CSV] = "csv",
		[FORMAT_JSON] = "json",
		[FORMAT_JSONL] = "jsonl",
		[FORMAT_MDOC] = "mdoc"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(text, names[i])) {
			*format = (enum show_format)i;
			return true;
		}
	return false;
}

static bool parse_frequency(const char *text, uint64_t *frequency)
{
	char *end;

	*frequency = strtoull(text, &end, 10);
	return end != text && !*end && *frequency >= 1 && *frequency <= 1000000;
}

static int take_number_option(struct options *options, int option, const char *argument)
{
	switch (option) {
	case 'F':
		return parse_frequency(argument, &options->frequency)
			       ? 0
			       : wrong("-F takes a number from 1 to 1000000, not '%s'", argument);
	case 'd':
		return parse_seconds(argument, 0.1, &options->interval)
			       ? 0
			       : wrong("-d takes seconds, 0.1 or more, not '%s'", argument);
	case OPTION_DURATION:
		return parse_seconds(argument, 0.01, &options->duration)
			       ? 0
			       : wrong("--duration takes seconds, not '%s'", argument);
	case OPTION_BUFFER:
		options->buffer = parse_size(argument, LEAST_BUFFER);
		return options->buffer
			       ? 0
			       : wrong("--buffer takes a size of 1M or more, not '%s'", argument);
	default:
		options->ring = parse_size(argument, 4096);
		return options->ring
			       ? 0
			       : wrong("--ring takes a size of 4K or more, not '%s'", argument);
	}
}

static int take_option(struct options *options, int option, const char *argument)
{
	switch (option) {
	case 'e':
		if (options->event_count == OPTIONS_EVENTS)
			return wrong("more than 16 events: '%s' is too many", argument);
		options->events[options->event_count++] = argument;
		return 0;
	case 'g':
		options->stacks = !strcmp(argument, "fp");
		return options->stacks || !strcmp(argument, "none")
			       ? 0
			       : wrong("-g takes fp or none, not '%s'", argument);
	case 'p':
		return parse_pids(argument, options)
			       ? 0
			       : wrong("-p takes process ids, not '%s'", argument);
	case 'c':
		if (options->container_count == OPTIONS_CONTAINERS)
			return wrong("more than 16 containers: '%s' is too many", argument);
		options->containers[options->container_count++] = argument;
		return 0;
	case 'C':
		options->cpus = argument;
		return 0;
	case 'f':
		options->filter = argument;
		return 0;
	case 'r':
		options->read_file = argument;
		return 0;
	case 'w':
		options->write_file = argument;
		return 0;
	case OPTION_FORMAT:
		return parse_format(argument, &options->format)
			       ? 0
			       : wrong("--format takes text, csv, json or jsonl, not '%s'",
					 argument);
	case OPTION_READONLY:
		options->readonly = true;
		return 0;
	case OPTION_ASCII:
		options->ascii = true;
		return 0;
	case OPTION_MONO:
		options->mono = true;
		return 0;
	default:
		return take_number_option(options, option, argument);
	}
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

/* The words that are no options: a verb, then what it is about. */
static int take_words(struct options *options, const struct verb **verb, char **words)
{
	*verb = *words ? find_verb(*words) : NULL;
	words += *verb != NULL;
	*verb = *verb ? *verb : &live;
	if (*words && (*verb)->takes_what)
		options->what = *words++;
	if (*words && (*verb)->is_list)
		options->pattern = *words++;
	if (*words)
		return wrong("'%s' is one word too many", *words);
	if ((*verb)->needs_what && !options->what)
		return wrong("%s what?", (*verb)->name);
	if (options->format == FORMAT_MDOC && !(*verb)->is_list)
		return wrong("--format takes text, csv, json or jsonl, not '%s'", "mdoc");
	options->command_output = (*verb)->command_output;
	return 0;
}

/* Options and words may be mixed; what stands behind -- is the command. */
static int parse_arguments(struct options *options, const struct verb **verb, int argc, char **argv)
{
	int end = argc, option, code = 0;

	for (int i = 1; i < argc && end == argc; i++)
		if (!strcmp(argv[i], "--"))
			end = i;
	if (end < argc) {
		options->command = argv + end + 1;
		argv[end] = NULL;
		if (!options->command[0])
			return wrong("a command is missing behind '%s'", "--");
	}
	opterr = 0;
	while (!code && (option = getopt_long(
				 end, argv, "e:F:g:p:c:C:f:d:r:w:hV", long_options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			exit(EXIT_DONE);
		}
		if (option == 'V') {
			puts("tracetop " TRACETOP_VERSION);
			exit(EXIT_DONE);
		}
		if (option == '?')
			return wrong(
				"'%s' is not an option, or lacks its argument", argv[optind - 1]);
		code = take_option(options, option, optarg);
	}
	if (code)
		return code;
	if (options->read_file && (options->command || options->write_file || options->pid_count ||
					  options->event_count))
		return wrong(
			"%s reads a capture: -e, -p, -w and a command mean nothing there", "-r");
	return take_words(options, verb, argv + optind);
}

int main(int argc, char **argv)
{
	struct options options = {
		.frequency = DEFAULT_FREQUENCY, .stacks = true, .buffer = DEFAULT_BUFFER};
	const struct verb *verb = &live;
	int status;

	privilege_no_dumps();
	silence_libbpf();
	if (argc == 2 && !strcmp(argv[1], RESOLVE_CHILD_VERB))
		return resolve_child_main();
	/*
	 * Times and numbers are written the same everywhere; characters as the terminal has them,
	 * and within the program always as UTF-8.
	 */
	if (!setlocale(LC_CTYPE, "") || MB_CUR_MAX == 1) {
		options.ascii = true;
		setlocale(LC_CTYPE, "C.UTF-8");
	}
	status = parse_arguments(&options, &verb, argc, argv);
	if (status)
		return status;
	/* A command of the user's own is run with what it needs. */
	if (options.readonly && !options.command && privilege_keep_looking())
		return wrong("%s: the kernel lets no privileges be given up", "--readonly");
	return verb->run(&options);
}
