/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The time strip: how much was recorded when, where something was lost, and what is looked at. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ui/local.h"

#define LABEL 9 /* cells of a time at each end */

/*
 * A cell is a round length of time, and begins at a round time, so that the strip grows at its end
 * and stays as it is elsewhere: a slow line is spared, and the eye.
 */
static const uint64_t steps_ms[] = {100, 200, 500, 1000, 2000, 5000, 10000, 15000, 30000, 60000,
	120000, 300000, 600000, 1800000, 3600000, 7200000, 21600000, 86400000};

#define LIVE_STEP 3 /* the shortest cell of what goes on */

struct strip {
	uint64_t from, to, step;
	int cells, used;
	double *rows; /* a cell */
	bool *lost;
};

static void strip_scale(struct strip *strip, bool live)
{
	size_t i = live ? LIVE_STEP : 0;

	for (; i + 1 < sizeof(steps_ms) / sizeof(*steps_ms); i++) {
		strip->step = steps_ms[i] * NS_PER_MS;
		if (strip->to / strip->step - strip->from / strip->step < (uint64_t)strip->cells)
			break;
	}
	strip->from -= strip->from % strip->step;
	strip->used = (int)((strip->to - strip->from) / strip->step) + 1;
	strip->used = strip->used > strip->cells ? strip->cells : strip->used;
}

static int cell_at(const struct strip *strip, uint64_t time)
{
	uint64_t cell = time < strip->from ? 0 : (time - strip->from) / strip->step;

	return cell >= (uint64_t)strip->used ? strip->used - 1 : (int)cell;
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
	int level = part <= 0 ? 0 : 1 + (int)((part < 1 ? part : 1) * 7.99);

	return term_charset(ui->term) == TEXT_UTF8 ? blocks[level] : ascii[level];
}

/* The height of the strip: 1, 2 or 5 times a power of ten, so that it seldom changes. */
static double strip_height(const struct strip *strip)
{
	double most = 1, height = 1;

	for (int i = 0; i < strip->used; i++)
		most = strip->rows[i] > most ? strip->rows[i] : most;
	while (height < most)
		height *= height * 2 >= most ? 2 : height * 5 >= most ? 5 : 10;
	return height;
}

static void strip_cells(const struct ui *ui, const struct strip *strip, int row)
{
	double most = strip_height(strip);
	uint64_t from, to;
	int first, last;

	ui_span(ui, &from, &to);
	first = cell_at(strip, from > strip->from ? from : strip->from);
	last = cell_at(strip, to < strip->to ? to : strip->to);
	for (int i = 0; i < strip->used; i++) {
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
	strip_scale(&strip, recording_is_live(ui->config.recording));
	strip.rows = mem_zalloc((size_t)strip.cells * sizeof(*strip.rows));
	strip.lost = mem_zalloc((size_t)strip.cells * sizeof(*strip.lost));
	strip_fill(&strip, ui->config.recording);
	strip_time(ui, row, 0, strip.from);
	strip_cells(ui, &strip, row);
	strip_time(ui, row, columns - LABEL + 1, strip.to);
	free(strip.rows);
	free(strip.lost);
}
