/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The time strip: how much was recorded when, where something was lost, and what is looked at. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ui/local.h"

#define LABEL 9 /* cells of a time at each end */

struct strip {
	uint64_t from, to;
	int cells;
	double *rows; /* a cell */
	bool *lost;
};

static int cell_at(const struct strip *strip, uint64_t time)
{
	uint64_t span = strip->to - strip->from;
	int cell = (int)((double)(time - strip->from) / (double)span * strip->cells);

	return cell >= strip->cells ? strip->cells - 1 : cell;
}

/* A chunk's rows are spread over the cells that its time touches. */
static void strip_add(struct strip *strip, const struct chunk_info *info)
{
	int first, last;

	if (info->time_last < strip->from || info->time_first > strip->to)
		return;
	first = cell_at(strip, info->time_first > strip->from ? info->time_first : strip->from);
	last = cell_at(strip, info->time_last);
	for (int i = first; i <= last; i++) {
		strip->rows[i] += (double)info->rows / (last - first + 1);
		strip->lost[i] |= info->lost > 0;
	}
}

static void strip_fill(struct strip *strip, const struct recording *recording)
{
	size_t count = recording_count(recording, RECORD_DATA);

	for (size_t i = 0; i < count; i++) {
		struct chunk_info info = recording_info(recording, RECORD_DATA, i);

		if (info.rows)
			strip_add(strip, &info);
	}
}

static const char *bar(const struct ui *ui, double part)
{
	static const char *const blocks[] = {" ", "\u2581", "\u2582", "\u2583", "\u2584", "\u2585",
		"\u2586", "\u2587", "\u2588"};
	static const char *const ascii[] = {" ", ".", ".", ":", ":", "-", "=", "+", "#"};
	int level = part <= 0 ? 0 : 1 + (int)(part * 7.99);

	return term_charset(ui->term) == TEXT_UTF8 ? blocks[level] : ascii[level];
}

static void strip_cells(const struct ui *ui, const struct strip *strip, int row)
{
	double most = 1;
	uint64_t from, to;
	int first, last;

	for (int i = 0; i < strip->cells; i++)
		most = strip->rows[i] > most ? strip->rows[i] : most;
	ui_span(ui, &from, &to);
	first = cell_at(strip, from > strip->from ? from : strip->from);
	last = cell_at(strip, to < strip->to ? to : strip->to);
	for (int i = 0; i < strip->cells; i++) {
		bool shown = i >= first && i <= last;

		if (strip->lost[i])
			draw_label(ui->term, row, LABEL + i, 1, "x", STYLE_ERROR, 0);
		else
			draw_label(ui->term, row, LABEL + i, 1, bar(ui, strip->rows[i] / most),
				shown ? STYLE_GOOD : STYLE_DIM, 0);
	}
}

static void strip_time(const struct ui *ui, int row, int column, uint64_t time)
{
	struct buf text = {0};

	value_print(&text, value_unsigned(time),
		&(struct value_format){
			.unit = UNIT_TIME, .realtime = ui->config.model->host.realtime});
	draw_text(ui->term, row, column, 8, (struct str){text.data, text.size < 8 ? text.size : 8},
		STYLE_DIM, DRAW_PLAIN);
	buf_release(&text);
}

void strip_draw(struct ui *ui, int row)
{
	struct strip strip = {0};
	int rows, columns;

	term_size(ui->term, &rows, &columns);
	strip.cells = columns - 2 * LABEL;
	if (strip.cells < 8 || !recording_span(ui->config.recording, &strip.from, &strip.to))
		return;
	if (recording_is_live(ui->config.recording))
		strip.to = clock_now();
	strip.to += strip.to == strip.from;
	strip.rows = mem_zalloc((size_t)strip.cells * sizeof(*strip.rows));
	strip.lost = mem_zalloc((size_t)strip.cells * sizeof(*strip.lost));
	strip_fill(&strip, ui->config.recording);
	strip_time(ui, row, 0, strip.from);
	strip_cells(ui, &strip, row);
	strip_time(ui, row, columns - LABEL + 1, strip.to);
	free(strip.rows);
	free(strip.lost);
}
