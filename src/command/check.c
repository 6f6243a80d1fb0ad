/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `tracetop check`: what this kernel and these rights allow, and what to do about the rest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "command/command.h"
#include "command/print_list.h"
#include "source/probe.h"

#define STATE_CELLS 6	/* "partly" */
#define LINE_LEAST 40	/* columns */
#define BEHIND_LEAST 24 /* of them behind the name */
#define LINE_USUAL 80
#define LINE_MOST 120 /* longer lines are hard to read */

enum {
	CELL_GROUP,
	CELL_NAME,
	CELL_STATE,
	CELL_DETAIL,
	CELL_REASON,
	CELL_REMEDY,
	CELL_PURPOSE,
	CELLS
};

static const char *const cell_names[CELLS + 1] = {
	"group", "name", "state", "detail", "reason", "remedy", "purpose", NULL};

static const char *const state_words[] = {
	[PROBE_NO] = "no", [PROBE_PARTLY] = "partly", [PROBE_YES] = "yes"};

struct check {
	struct print_list list;
	enum text_charset charset;
	size_t line;	       /* columns that text is wrapped at */
	size_t name_cells;     /* of the longest name */
	size_t states[3];      /* how many there are of each */
	char *reason, *remedy; /* of the last lines, not printed yet */
	size_t shared;	       /* by how many lines */
};

/* --- for people --- */

static size_t line_width(void)
{
	struct winsize size = {0};

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return LINE_USUAL;
	return size.ws_col < LINE_LEAST	 ? LINE_LEAST
	       : size.ws_col > LINE_MOST ? LINE_MOST
					 : size.ws_col;
}

/* Says once why, for all the lines above that share it. */
static void print_reason(struct check *check)
{
	size_t indent = 2 + STATE_CELLS + 2;
	char *reason;

	if (!check->shared)
		return;
	reason = check->shared > 1 ? mem_printf("(these %zu) %s", check->shared, check->reason)
				   : mem_strdup(check->reason);
	printf("%*swhy: ", (int)indent, "");
	print_wrapped(reason, check->charset, indent + 5, indent + 5, check->line);
	printf("%*sdo:  ", (int)indent, "");
	print_wrapped(check->remedy, check->charset, indent + 5, indent + 5, check->line);
	free(reason);
	free(check->reason);
	free(check->remedy);
	check->shared = 0;
}

/* A line: what was found, or what it is good for. */
static void print_line(struct check *check, const char *const *cells)
{
	const char *behind = *cells[CELL_DETAIL] ? cells[CELL_DETAIL] : cells[CELL_PURPOSE];
	size_t at = 2 + STATE_CELLS + 2 + check->name_cells + 2;

	if (check->shared && (strcmp(check->reason, cells[CELL_REASON]) ||
				     strcmp(check->remedy, cells[CELL_REMEDY])))
		print_reason(check);
	printf("  %-*s  ", STATE_CELLS, cells[CELL_STATE]);
	if (at + BEHIND_LEAST > check->line) { /* on a line of its own, then */
		at = 2 + STATE_CELLS + 2;
		printf("%s\n%*s", cells[CELL_NAME], (int)at, "");
	} else {
		printf("%-*s  ", (int)check->name_cells, cells[CELL_NAME]);
	}
	print_wrapped(behind, check->charset, at, at, check->line);
	if (!*cells[CELL_REASON])
		return;
	if (!check->shared++) {
		check->reason = mem_strdup(cells[CELL_REASON]);
		check->remedy = mem_strdup(cells[CELL_REMEDY]);
	}
}

/* --- for programs --- */

static const char *text_of(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

static void print_result(struct check *check, const struct probe_group *group,
	const struct probe *probe, const struct probe_result *result)
{
	const char *const cells[CELLS] = {[CELL_GROUP] = group->name,
		[CELL_NAME] = probe->name,
		[CELL_STATE] = state_words[result->state],
		[CELL_DETAIL] = text_of(&result->detail),
		[CELL_REASON] = text_of(&result->reason),
		[CELL_REMEDY] = text_of(&result->remedy),
		[CELL_PURPOSE] = probe->purpose};

	if (check->list.format == FORMAT_TEXT)
		print_line(check, cells);
	else
		print_list_entry(&check->list, cells);
}

static void check_group(
	struct check *check, struct probe_host *host, const struct probe_group *group, bool first)
{
	if (check->list.format == FORMAT_TEXT)
		printf("%s%s\n", first ? "" : "\n", group->name);
	for (size_t i = 0; i < group->count; i++) {
		struct probe_result result;

		probe_run(host, &group->probes[i], &result);
		print_result(check, group, &group->probes[i], &result);
		check->states[result.state]++;
		probe_result_release(&result);
	}
	print_reason(check);
}

static size_t longest_name(void)
{
	size_t longest = 0;

	for (size_t i = 0; i < probe_group_count; i++)
		for (size_t k = 0; k < probe_groups[i]->count; k++) {
			size_t size = strlen(probe_groups[i]->probes[k].name);

			longest = size > longest ? size : longest;
		}
	return longest;
}

int command_check(const struct options *options)
{
	struct check check = {
		.list = {.format = options->format, .what = "check", .columns = cell_names},
		.charset = options->ascii ? TEXT_ASCII : TEXT_UTF8,
		.line = line_width(),
		.name_cells = longest_name()};
	struct probe_host *host;

	print_list_begin(&check.list);
	host = probe_host_new(options->readonly);
	for (size_t i = 0; i < probe_group_count; i++)
		check_group(&check, host, probe_groups[i], !i);
	probe_host_free(host);
	print_list_end(&check.list);
	if (check.list.format == FORMAT_TEXT)
		printf("\n%zu yes, %zu partly, %zu no\n", check.states[PROBE_YES],
			check.states[PROBE_PARTLY], check.states[PROBE_NO]);
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_DONE;
	command_complain("writing what was found failed");
	return EXIT_FAILED;
}
