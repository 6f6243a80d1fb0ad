/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `tracetop check`: what this kernel and these rights allow, and what to do about the rest. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "command/command.h"
#include "command/print.h"
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

static const char *const cell_names[CELLS] = {
	"group", "name", "state", "detail", "reason", "remedy", "purpose"};

static const char *const state_words[] = {
	[PROBE_NO] = "no", [PROBE_PARTLY] = "partly", [PROBE_YES] = "yes"};

struct check {
	enum show_format format;
	enum text_charset charset;
	size_t line;	   /* columns that text is wrapped at */
	size_t name_cells; /* of the longest name */
	size_t states[3];  /* how many there are of each */
	struct json_object *array;
	char *reason, *remedy; /* of the last lines, not printed yet */
	size_t shared;	       /* by how many lines */
};

/* --- for people ------------------------------------------------------------------------------- */

static size_t line_width(void)
{
	struct winsize size = {0};

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return LINE_USUAL;
	return size.ws_col < LINE_LEAST	 ? LINE_LEAST
	       : size.ws_col > LINE_MOST ? LINE_MOST
					 : size.ws_col;
}

/* Prints words from column @at on, lines that follow from column @indent on. */
static void print_wrapped(const struct check *check, size_t at, size_t indent, const char *text)
{
	struct buf escaped = {0};
	char *word, *rest;

	text_escape(&escaped, str_from(text), check->charset);
	rest = escaped.data;
	for (bool first = true; (word = strsep(&rest, " ")); first = false) {
		size_t cells = text_cells(str_from(word));

		if (!first && at + 1 + cells > check->line) {
			printf("\n%*s", (int)indent, "");
			at = indent;
		} else if (!first) {
			putchar(' ');
			at++;
		}
		fputs(word, stdout);
		at += cells;
	}
	putchar('\n');
	buf_release(&escaped);
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
	print_wrapped(check, indent + 5, indent + 5, reason);
	printf("%*sdo:  ", (int)indent, "");
	print_wrapped(check, indent + 5, indent + 5, check->remedy);
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
	print_wrapped(check, at, at, behind);
	if (!*cells[CELL_REASON])
		return;
	if (!check->shared++) {
		check->reason = mem_strdup(cells[CELL_REASON]);
		check->remedy = mem_strdup(cells[CELL_REMEDY]);
	}
}

/* --- for programs ------------------------------------------------------------------------------
 */

static void print_csv(const char *const *cells)
{
	struct buf line = {0};

	for (size_t i = 0; i < CELLS; i++) {
		buf_add_text(&line, i ? "," : "");
		print_csv_text(&line, str_from(cells[i]));
	}
	printf("%s\r\n", line.data);
	buf_release(&line);
}

static struct json_object *json_line(const char *const *cells)
{
	struct json_object *object = json_object_new_object();

	for (size_t i = 0; i < CELLS; i++)
		json_object_object_add(object, cell_names[i],
			*cells[i] ? print_json_text(str_from(cells[i])) : NULL);
	return object;
}

/* ----------------------------------------------------------------------------------------------
 */

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

	switch (check->format) {
	case FORMAT_CSV:
		print_csv(cells);
		break;
	case FORMAT_JSON:
		json_object_array_add(check->array, json_line(cells));
		break;
	case FORMAT_JSONL:
		print_json_line(stdout, json_line(cells));
		break;
	default:
		print_line(check, cells);
	}
}

static void check_group(
	struct check *check, struct probe_host *host, const struct probe_group *group, bool first)
{
	if (check->format == FORMAT_TEXT)
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
	struct check check = {.format = options->format,
		.charset = options->ascii ? TEXT_ASCII : TEXT_UTF8,
		.line = line_width(),
		.name_cells = longest_name()};
	struct json_object *object = NULL;
	struct probe_host *host;

	if (check.format == FORMAT_CSV)
		print_csv(cell_names);
	if (check.format == FORMAT_JSON) {
		object = json_object_new_object();
		check.array = json_object_new_array();
		json_object_object_add(object, "check", check.array);
	}
	host = probe_host_new(options->readonly);
	for (size_t i = 0; i < probe_group_count; i++)
		check_group(&check, host, probe_groups[i], !i);
	probe_host_free(host);
	if (object)
		print_json_line(stdout, object);
	if (check.format == FORMAT_TEXT)
		printf("\n%zu yes, %zu partly, %zu no\n", check.states[PROBE_YES],
			check.states[PROBE_PARTLY], check.states[PROBE_NO]);
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_DONE;
	command_complain("writing what was found failed");
	return EXIT_FAILED;
}
