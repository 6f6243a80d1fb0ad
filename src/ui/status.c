/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two lines at the top: what is shown, from where, at what cost; and the way that led here. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "ui/local.h"

#define PARTS 12

/* A part of the status line; the one of the highest rank goes first when there is no room. */
struct part {
	char text[120];
	enum style style;
	int rank;
};

struct parts {
	struct part part[PARTS];
	int count;
};

__attribute__((format(printf, 4, 5))) static void part_add(
	struct parts *parts, int rank, enum style style, const char *format, ...)
{
	struct part *part = &parts->part[parts->count];
	va_list args;

	if (parts->count == PARTS)
		return;
	part->rank = rank;
	part->style = style;
	va_start(args, format);
	vsnprintf(part->text, sizeof(part->text), format, args);
	va_end(args);
	parts->count++;
}

static void short_number(char *out, size_t size, double number, enum unit unit)
{
	struct buf text = {0};

	value_print(&text, value_real(number), &(struct value_format){.unit = unit});
	snprintf(out, size, "%s", text.data ? text.data : "");
	buf_release(&text);
}

/* Names of files and events are escaped here, once, and drawn as they are. */
static void escaped(const struct ui *ui, char *out, size_t size, const char *raw)
{
	struct buf text = {0};
	size_t used, fits;

	text_escape(&text, str_from(raw), term_charset(ui->term));
	fits = text_fit(buf_str(&text), size - 4, &used);
	snprintf(out, size, "%.*s", (int)fits, text.data ? text.data : "");
	buf_release(&text);
}

void ui_clock_text(const struct ui *ui, uint64_t time, char *out, size_t size)
{
	struct buf text = {0};

	value_print(&text, value_unsigned(time),
		&(struct value_format){
			.unit = UNIT_TIME, .realtime = ui->config.model->host.realtime});
	snprintf(out, size, "%.8s", text.data ? text.data : "");
	buf_release(&text);
}

static void span_parts(const struct ui *ui, struct parts *parts)
{
	char window[32], time[16];
	uint64_t from, to;

	ui_span(ui, &from, &to);
	short_number(window, sizeof(window), (double)(to - from), UNIT_NS);
	if (ui->end || (!ui->config.to && ui->frozen)) {
		ui_clock_text(ui, ui->query_to, time, sizeof(time));
		part_add(parts, 0, STYLE_WARNING, "%s %s", ui->end ? "PAST" : "FROZEN", time);
	} else if (ui_has_ended(ui)) {
		ui_clock_text(ui, ui_level(ui)->ended, time, sizeof(time));
		part_add(parts, 0, STYLE_WARNING, "ENDED %s", time);
	}
	part_add(parts, 5, STYLE_NORMAL, "%s %s", ui->config.to ? "all" : "last", window);
}

/* What the rows are made of; most views count samples and records of what was used together. */
static const char *record_word(const struct view *view)
{
	return view->types == FIELD_TYPE(RECORD_SAMPLE) ? "sample" : "record";
}

static void sample_parts(const struct ui *ui, const struct ui_status *status, struct parts *parts)
{
	const struct level *level = ui_level(ui);
	const struct event_fact *fact = ui_event(ui);
	char event[64], why[120], records[32];

	escaped(ui, event, sizeof(event), fact ? fact->name.data : status->event);
	escaped(ui, why, sizeof(why), *status->why || !fact ? status->why : fact->why.data);
	if (*event && fact && fact->frequency)
		part_add(parts, 2, STYLE_NORMAL, "%s %lluHz", event,
			(unsigned long long)fact->frequency);
	else if (*event)
		part_add(parts, 2, STYLE_NORMAL, "%s", event);
	if (*why)
		part_add(parts, 4, STYLE_DIM, "(%s)", why);
	if (level->table) {
		short_number(records, sizeof(records), (double)level->table->records, UNIT_NONE);
		part_add(parts, 6, STYLE_NORMAL, "%s %s%s", records, record_word(level->view),
			level->table->records == 1 ? "" : "s");
		if (level->table->cut)
			part_add(parts, 1, STYLE_WARNING, "not all rows fit");
	}
}

static void trouble_parts(const struct ui_status *status, struct parts *parts)
{
	char lost[32], evicted[32];

	if (status->trouble)
		part_add(parts, 0, STYLE_ERROR, "NOT SAMPLING");
	short_number(lost, sizeof(lost), (double)status->lost, UNIT_NONE);
	part_add(parts, 1, status->lost ? STYLE_ERROR : STYLE_NORMAL, "lost %s", lost);
	short_number(evicted, sizeof(evicted), (double)status->evicted, UNIT_NONE);
	if (status->evicted)
		part_add(parts, 1, STYLE_WARNING, "%s evicted", evicted);
	if (status->late)
		part_add(parts, 4, STYLE_WARNING, "late %llu", (unsigned long long)status->late);
	if (status->throttled)
		part_add(parts, 1, STYLE_ERROR, "THROTTLED");
}

static void writing_parts(const struct ui *ui, const struct ui_status *status, struct parts *parts)
{
	char size[32], name[48];

	if (!status->writing)
		return;
	short_number(size, sizeof(size), (double)status->written, UNIT_BYTES);
	escaped(ui, name, sizeof(name), status->writing);
	part_add(parts, 1, STYLE_ERROR, "REC %s %s", name, size);
}

static int parts_width(const struct parts *parts)
{
	int width = 0;

	for (int i = 0; i < parts->count; i++)
		if (*parts->part[i].text)
			width += (int)text_cells(str_from(parts->part[i].text)) + 2;
	return width;
}

static void parts_fit(struct parts *parts, int columns)
{
	while (parts_width(parts) > columns + 2) {
		int worst = -1;

		for (int i = 0; i < parts->count; i++)
			if (*parts->part[i].text && parts->part[i].rank &&
				(worst < 0 || parts->part[i].rank > parts->part[worst].rank))
				worst = i;
		if (worst < 0)
			return;
		parts->part[worst].text[0] = '\0';
	}
}

void status_draw(struct ui *ui, int row)
{
	struct ui_status status = {0};
	struct parts parts = {.count = 0};
	char source[64], narrowed[64];
	int rows, columns, at = 0;

	term_size(ui->term, &rows, &columns);
	ui->config.status(ui->config.status_arg, &status);
	escaped(ui, source, sizeof(source), status.source);
	part_add(&parts, 0, STYLE_TITLE, "%s", ui_level(ui)->shown.name);
	part_add(&parts, 3, status.live ? STYLE_GOOD : STYLE_WARNING, "%s", source);
	writing_parts(ui, &status, &parts);
	span_parts(ui, &parts);
	sample_parts(ui, &status, &parts);
	if (*status.narrowed) {
		escaped(ui, narrowed, sizeof(narrowed), status.narrowed);
		part_add(&parts, 1, STYLE_WARNING, "only %s", narrowed);
	}
	trouble_parts(&status, &parts);
	if (status.live)
		part_add(&parts, 5, STYLE_NORMAL, "own %.1f%%", status.cpu);
	parts_fit(&parts, columns);
	for (int i = 0; i < parts.count; i++) {
		if (!*parts.part[i].text)
			continue;
		at += draw_label(ui->term, row, at, columns - at, parts.part[i].text,
			      parts.part[i].style, 0) +
		      2;
	}
}

static const char *const path_words[PATHS] = {[PATH_NONE] = "",
	[PATH_CALLERS] = " (who calls it)",
	[PATH_CALLEES] = " (what it calls)",
	[PATH_PARENTS] = " (tree)"};

void breadcrumb_draw(struct ui *ui, int row)
{
	struct buf line = {0};
	char time[16];
	int rows, columns, at;

	term_size(ui->term, &rows, &columns);
	for (size_t i = 0; i < ui->level_count; i++) {
		const struct level *level = ui->levels[i];

		if (level->selection.label) {
			buf_add_text(&line, " > ");
			text_escape(
				&line, str_from(level->selection.label), term_charset(ui->term));
		}
		if (level->narrows && level->ended) {
			ui_clock_text(ui, level->ended, time, sizeof(time));
			buf_printf(&line, " (ended at %s)", time);
		}
		buf_printf(&line, "%s%s", i ? " > " : "", level->shown.name);
		if (level->shown.path)
			buf_add_text(&line, path_words[level->shown.path]);
	}
	at = draw_text(
		ui->term, row, 0, columns, buf_str(&line), STYLE_DIM, DRAW_PLAIN | DRAW_MIDDLE);
	buf_clear(&line);
	for (size_t i = 0; i < ui->level_count; i++)
		if (ui->levels[i]->typed_text) {
			buf_add_text(&line, line.size ? " and " : "  filter: ");
			text_escape(
				&line, str_from(ui->levels[i]->typed_text), term_charset(ui->term));
		}
	draw_text(ui->term, row, at, columns - at, buf_str(&line), STYLE_WARNING, DRAW_PLAIN);
	buf_release(&line);
}
