/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `tracetop list`: the containers, views, fields, events and keys there are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "command/command.h"
#include "command/list_containers.h"
#include "command/print_list.h"
#include "source/event.h"
#include "source/mounts.h"
#include "ui/ui.h"
#include "view/view.h"

#define LINE 80	       /* columns that text is wrapped at */
#define CELLS_MAX 6    /* of an entry */
#define EVENT_WIDTH 50 /* as perf list has it */

struct listing;

/* What is listed, and how. */
struct kind {
	const char *what; /* as it is typed */
	const char *const *columns;
	void (*run)(struct listing *listing);
	uint32_t numbers; /* bits of columns that are numbers */
	bool may_be_none; /* that there are none is no failure */
};

struct listing {
	const struct options *options;
	const struct kind *kind;
	enum text_charset charset;
	size_t count; /* of entries so far */
	struct print_list list;
	struct print_grid grid; /* for people, of what is only as wide as it must be */
	char **notes;		/* reasons that entries refer to by number */
	size_t note_count, note_capacity;
};

/* --- entries --- */

/* Whether a name is asked for: by a pattern if it looks like one, else by a part of the name. */
static bool is_wanted(const struct listing *listing, const char *name)
{
	const char *pattern = listing->options->pattern;

	if (!pattern)
		return true;
	if (strpbrk(pattern, "*?["))
		return text_glob(str_from(pattern), str_from(name));
	return text_contains_folded(str_from(name), str_from(pattern));
}

/* Prints a text and spaces up to column @width; what is longer moves what follows it on. */
static size_t print_cell(const struct listing *listing, const char *text, size_t width)
{
	size_t cells = print_padded(text, listing->charset, width);

	putchar(' ');
	return cells + 1;
}

/* --- views --- */

static const char *const view_columns[] = {"id", "name", "help", "file", NULL};

/* A view of the user's says where it is from: it may stand in the place of one that is built in. */
static void print_view(const struct listing *listing, const struct view *view)
{
	size_t at = print_cell(listing, view->id, 12);

	at += print_cell(listing, view->name, 19);
	print_wrapped(view->help, listing->charset, at, 33, LINE);
	if (view->file[0] == '/')
		printf("%33s%s\n", "", view->file);
}

static void list_views(struct listing *listing)
{
	struct view_set set;

	view_set_load(&set);
	for (size_t i = 0; i < set.warning_count; i++)
		command_complain(set.warnings[i]);
	if (listing->options->format == FORMAT_TEXT)
		puts("ID           NAME                WHAT IT SHOWS");
	for (size_t i = 0; i < set.count; i++) {
		const struct view *view = set.views[i];

		if (!is_wanted(listing, view->id))
			continue;
		if (listing->options->format == FORMAT_TEXT)
			print_view(listing, view);
		else
			print_list_entry(
				&listing->list, (const char *const[CELLS_MAX]){view->id, view->name,
							view->help, view->file});
		listing->count++;
	}
	view_set_release(&set);
}

/* --- fields --- */

static const char *const field_columns[] = {
	"name", "class", "type", "unit", "records", "help", NULL};

static const char *field_type(const struct field *field)
{
	return field->type == VALUE_TEXT ? "text" : field->type == VALUE_BOOL ? "yes/no" : "number";
}

static const char *field_unit(const struct field *field)
{
	static const char *const units[] = {[UNIT_NONE] = "",
		[UNIT_ID] = "id",
		[UNIT_NS] = "ns",
		[UNIT_TIME] = "time",
		[UNIT_BYTES] = "bytes",
		[UNIT_PERCENT] = "percent",
		[UNIT_HERTZ] = "Hz",
		[UNIT_ADDRESS] = "address"};

	return units[field->unit];
}

/* The types of records that have the field, one behind the other. */
static char *field_records(const struct field *field)
{
	struct buf text = {0};

	for (unsigned type = 0; type < RECORD_TYPES; type++)
		if (field->types & FIELD_TYPE(type))
			buf_printf(&text, "%s%s", text.size ? " " : "",
				record_schema((enum record_type)type)->name);
	if (!text.size)
		buf_add_text(&text, "any");
	return buf_detach(&text);
}

static void list_field(
	struct listing *listing, const struct field_class *class, const struct field *field)
{
	char *records = field_records(field);
	size_t at = 0;

	if (listing->options->format == FORMAT_TEXT) {
		at += print_cell(listing, field->name, 15);
		at += print_cell(listing, field_type(field), 6);
		at += print_cell(listing, field_unit(field), 7);
		at += print_cell(listing, records, 7);
		print_wrapped(field->help, listing->charset, at, 39, LINE);
	} else {
		print_list_entry(&listing->list,
			(const char *const[CELLS_MAX]){field->name, class->name, field_type(field),
				field_unit(field), records, field->help});
	}
	listing->count++;
	free(records);
}

static void list_fields(struct listing *listing)
{
	bool is_text = listing->options->format == FORMAT_TEXT;
	size_t class_count;
	const struct field_class *const *classes = field_classes(&class_count);

	if (is_text)
		puts("NAME            TYPE   UNIT    RECORDS WHAT IT IS");
	for (size_t i = 0; i < class_count; i++) {
		bool first = true;

		for (size_t k = 0; k < classes[i]->count; k++) {
			if (!is_wanted(listing, classes[i]->fields[k].name))
				continue;
			if (first && is_text)
				printf("\n%s: %s\n", classes[i]->name, classes[i]->help);
			list_field(listing, classes[i], &classes[i]->fields[k]);
			first = false;
		}
	}
}

/* --- events --- */

static const char *const event_columns[] = {"name", "alias", "group", "why_not", NULL};

static const char *const event_groups[EVENT_GROUPS] = {[EVENT_HARDWARE] = "Hardware event",
	[EVENT_SOFTWARE] = "Software event",
	[EVENT_CACHE] = "Hardware cache event",
	[EVENT_PMU] = "Kernel PMU event",
	[EVENT_TRACEPOINT] = "Tracepoint event"};

/* The number of a reason: many events share one, and it is a line or two long. */
static size_t note_number(struct listing *listing, const char *why)
{
	for (size_t i = 0; i < listing->note_count; i++)
		if (!strcmp(listing->notes[i], why))
			return i + 1;
	listing->notes = mem_grow(listing->notes, &listing->note_capacity, listing->note_count + 1,
		sizeof(*listing->notes));
	listing->notes[listing->note_count++] = mem_strdup(why);
	return listing->note_count;
}

static void print_notes(const struct listing *listing)
{
	for (size_t i = 0; i < listing->note_count; i++) {
		size_t at = (size_t)printf("%s(%zu) cannot be opened here: ", i ? "" : "\n", i + 1);

		print_wrapped(listing->notes[i], listing->charset, i ? at : at - 1, 4, LINE);
	}
}

static void print_event(struct listing *listing, const struct event_entry *entry)
{
	char *names = mem_printf("%s%s%s", entry->name, *entry->alias ? " OR " : "", entry->alias);

	fputs("  ", stdout);
	print_cell(listing, names, EVENT_WIDTH);
	printf("[%s]", event_groups[entry->group]);
	if (entry->why)
		printf(" (%zu)", note_number(listing, entry->why));
	putchar('\n');
	free(names);
}

struct event_listing {
	struct listing *listing;
	bool tracepoints; /* there are some */
};

static void visit_event(void *arg, const struct event_entry *entry)
{
	struct event_listing *events = arg;
	struct listing *listing = events->listing;

	events->tracepoints |= entry->group == EVENT_TRACEPOINT;
	if (!is_wanted(listing, entry->name) &&
		!(*entry->alias && is_wanted(listing, entry->alias)))
		return;
	if (listing->options->format == FORMAT_TEXT)
		print_event(listing, entry);
	else
		print_list_entry(&listing->list,
			(const char *const[CELLS_MAX]){entry->name, entry->alias,
				event_groups[entry->group], entry->why ? entry->why : ""});
	listing->count++;
}

static void list_events(struct listing *listing)
{
	struct event_listing events = {listing, false};

	event_list(visit_event, &events);
	if (listing->options->format == FORMAT_TEXT)
		print_notes(listing);
	if (!events.tracepoints)
		command_complain(mount_tracefs()
					 ? "tracepoints are left out: tracefs cannot be read: run "
					   "as root"
					 : "tracepoints are left out: tracefs is not mounted: "
					   "mount -t tracefs tracefs /sys/kernel/tracing");
}

/* --- keys --- */

static const char *const key_columns[] = {"keys", "help", NULL};

static void list_keys(struct listing *listing)
{
	bool is_text = listing->options->format == FORMAT_TEXT;
	struct ui_key key;

	if (is_text)
		puts("KEYS             WHAT THEY DO");
	for (size_t i = 0; ui_key_at(i, &key); i++) {
		if (!is_wanted(listing, key.names))
			continue;
		if (is_text)
			printf("%-16s %s\n", key.names, key.help);
		else
			print_list_entry(&listing->list,
				(const char *const[CELLS_MAX]){key.names, key.help});
		listing->count++;
	}
}

/* --- containers --- */

/* In the order of enum listed_cell. */
static const char *const container_columns[] = {"name", "id", "state", "pid", "exit_code",
	"runtime", "image", "created", "started", "pod", "namespace", NULL};

/* With its pod, as one name, and how it ended. */
static void add_container(struct listing *listing, const char *const *cells)
{
	char *name = *cells[LISTED_POD] ? mem_printf("%s/%s", cells[LISTED_POD], cells[LISTED_NAME])
					: mem_strdup(cells[LISTED_NAME]);
	char *state = *cells[LISTED_EXIT]
			      ? mem_printf("%s %s", cells[LISTED_STATE], cells[LISTED_EXIT])
			      : mem_strdup(cells[LISTED_STATE]);
	char *id = mem_printf("%.12s", cells[LISTED_ID]);

	print_grid_add(&listing->grid, (const char *const[]){name, id, state, cells[LISTED_PID],
					       cells[LISTED_RUNTIME], cells[LISTED_IMAGE]});
	free(id);
	free(state);
	free(name);
}

static void visit_container(void *arg, const char *const *cells)
{
	struct listing *listing = arg;

	if (!is_wanted(listing, cells[LISTED_NAME]))
		return;
	if (listing->options->format == FORMAT_TEXT)
		add_container(listing, cells);
	else
		print_list_entry(&listing->list, cells);
	listing->count++;
}

static void list_containers(struct listing *listing)
{
	static const char *const heads[] = {"NAME", "ID", "STATE", "PID", "RUNTIME", "IMAGE"};

	listing->grid = (struct print_grid){.columns = sizeof(heads) / sizeof(*heads)};
	print_grid_add(&listing->grid, heads);
	listed_containers(visit_container, listing);
	if (listing->options->format == FORMAT_TEXT)
		print_grid(&listing->grid, listing->charset);
	print_grid_release(&listing->grid);
}

/* --- the manual --- */

/*
 * tracetop-fields(7) is made of the same table: the build writes what --format mdoc prints to
 * man/tracetop-fields.7.  The option is for that only, and not documented.
 */
static const char page_head[] =
	".\\\" SPDX-License-Identifier: GPL-2.0-or-later\n"
	".\\\" Made by tracetop list fields --format mdoc; not to be edited.\n"
	".Dd November 21, 2026\n"
	".Dt TRACETOP-FIELDS 7\n"
	".Os\n"
	".Sh NAME\n"
	".Nm tracetop-fields\n"
	".Nd fields of tracetop's filters and views\n"
	".Sh DESCRIPTION\n"
	"A field is a property of a record, of whoever caused it,\n"
	"or of a frame of its stack.\n"
	"Fields stand in filters, and in the keys and columns of views;\n"
	"both are described in\n"
	".Xr tracetop-views 5 .\n"
	"The command\n"
	".Ic tracetop list fields\n"
	"prints the list of this page.\n"
	".Pp\n"
	"Behind the name stand the type of its values, their unit where they have one,\n"
	"and the types of records that have the field.\n"
	"A record of another type, and one of which the value is not known,\n"
	"lacks the field.\n"
	"The types are:\n"
	".Bl -tag -width yes/no\n"
	".It number\n"
	"The unit says how it is written:\n"
	".Em id\n"
	"names something and is never shortened;\n"
	".Em ns\n"
	"is a length of time in nanoseconds;\n"
	".Em time\n"
	"is a point in time in nanoseconds of\n"
	".Dv CLOCK_MONOTONIC ,\n"
	"shown as the time of day;\n"
	".Em address\n"
	"is shown in hexadecimal.\n"
	"Without a unit it is a count.\n"
	".It text\n"
	"Bytes as the system has them.\n"
	"On the screen and in output, what a terminal would obey is escaped.\n"
	".It yes/no\n"
	"A truth value.\n"
	".El\n"
	".Pp\n"
	"The fields that begin with\n"
	".Em symbol\n"
	"and\n"
	".Em dso\n"
	"are of a frame: of the one that was executing,\n"
	"or in a view whose rows are frames, of the row's own.\n"
	".Sh THE FIELDS\n";

static const char page_foot[] = ".Sh SEE ALSO\n"
				".Xr tracetop 1 ,\n"
				".Xr tracetop-capture 5 ,\n"
				".Xr tracetop-views 5\n"
				".Sh AUTHORS\n"
				".An The tracetop developers\n";

/* A line of text: what a line may begin with and a backslash mean something else to roff. */
static void print_roff(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text; text++)
		fputs(*text == '\\' ? "\\e" : (char[]){*text, '\0'}, stdout);
	putchar('\n');
}

static void print_page_field(const struct field *field)
{
	char *records = field_records(field);
	const char *unit = field_unit(field);

	printf(".It Cm %s Pq %s%s%s , of %s records\n", field->name, field_type(field),
		*unit ? " , " : "", unit, records);
	print_roff(field->help);
	free(records);
}

static int print_page(void)
{
	size_t class_count;
	const struct field_class *const *classes = field_classes(&class_count);

	fputs(page_head, stdout);
	for (size_t i = 0; i < class_count; i++) {
		printf(".Ss %s: %s\n.Bl -tag -width Ds\n", classes[i]->name, classes[i]->help);
		for (size_t k = 0; k < classes[i]->count; k++)
			print_page_field(&classes[i]->fields[k]);
		puts(".El");
	}
	fputs(page_foot, stdout);
	return EXIT_DONE;
}

/* --- the kinds of lists --- */

static const struct kind kinds[] = {
	{"views", view_columns, list_views, 0, false},
	{"fields", field_columns, list_fields, 0, false},
	{"events", event_columns, list_events, 0, false},
	{"keys", key_columns, list_keys, 0, false},
	{"containers", container_columns, list_containers, 1u << LISTED_PID | 1u << LISTED_EXIT,
		true},
};

static const struct kind *find_kind(const char *what)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].what, what))
			return &kinds[i];
	return NULL;
}

static int list_run(struct listing *listing)
{
	listing->list = (struct print_list){.format = listing->options->format,
		.what = listing->kind->what,
		.columns = listing->kind->columns,
		.numbers = listing->kind->numbers};
	print_list_begin(&listing->list);
	listing->kind->run(listing);
	print_list_end(&listing->list);
	for (size_t i = 0; i < listing->note_count; i++)
		free(listing->notes[i]);
	free(listing->notes);
	if (listing->count || (listing->kind->may_be_none && !listing->options->pattern))
		return EXIT_DONE;
	command_complain("nothing there has such a name");
	return EXIT_FAILED;
}

int command_list(const struct options *options)
{
	struct listing listing = {.options = options,
		.kind = find_kind(options->what),
		.charset = options->ascii ? TEXT_ASCII : TEXT_UTF8};
	int status;

	if (!listing.kind) {
		command_complain("what can be listed is: views, fields, events, keys, containers");
		return EXIT_USAGE;
	}
	if (options->format != FORMAT_MDOC) {
		status = list_run(&listing);
	} else if (listing.kind->run == list_fields) {
		status = print_page();
	} else {
		command_complain("only the fields are a page of the manual");
		return EXIT_USAGE;
	}
	if (fflush(stdout) || ferror(stdout)) {
		command_complain("writing the list failed");
		return EXIT_FAILED;
	}
	return status;
}
