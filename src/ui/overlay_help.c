/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Help: the view that is looked at, its columns, and all keys. */
#include <curses.h>
#include <string.h>

#include "ui/local.h"

/* Letters that lead from a row of this view to another. */
static void help_drill(const struct ui *ui, const struct view *view, struct buf *out)
{
	bool first = true;

	for (size_t i = 0; i < view->drill_count; i++) {
		const struct view *to = view_set_find(ui->config.views, view->drill[i].view);

		if (!view->drill[i].key || !to)
			continue;
		buf_printf(out, "%s  %-16s%s: %s\n", first ? "\nKeys of this view\n" : "",
			view->drill[i].key, to->name, to->help);
		first = false;
	}
}

static void help_text(const struct ui *ui, struct buf *out)
{
	const struct view *view = &ui_level(ui)->shown;
	struct ui_key key;

	buf_printf(out, "%s: %s\n", view->name, view->help);
	for (size_t i = 0; i < view->tip_count; i++)
		buf_printf(out, "  %s\n", view->tips[i]);
	buf_add_text(out, "\nColumns\n");
	for (size_t i = 0; i < view->column_count; i++) {
		const struct view_column *column = &view->columns[i];

		buf_printf(out, "  %-10s %s%s%s\n", *column->title ? column->title : "-",
			column->aggregate == AGGREGATE_DISTINCT ? "how many there are, each by: "
								: "",
			column->field->help,
			column->share == SHARE_TOTAL	  ? "; percent of all in the view"
			: column->share == SHARE_FILTERED ? "; percent of what passes"
			: column->share == SHARE_PARENT	  ? "; percent of the row above"
							  : "");
	}
	help_drill(ui, view, out);
	buf_add_text(out, "\nKeys\n");
	for (size_t i = 0; ui_key_at(i, &key); i++)
		buf_printf(out, "  %-16s%s\n", key.names, key.help);
	buf_printf(out, "\ntracetop %s. The manual: man tracetop; fields: man tracetop-fields.\n",
		TRACETOP_VERSION);
}

static void help_draw(struct ui *ui, const struct rect *rect)
{
	struct rect body = {rect->row + 1, rect->column + 1, rect->rows - 1, rect->columns - 2};
	struct buf text = {0};
	int lines;

	help_text(ui, &text);
	draw_label(ui->term, rect->row, rect->column, rect->columns,
		"Help: arrows scroll, any other key closes", STYLE_HEADER, DRAW_FILL);
	lines = draw_paragraph(ui->term, &body, ui->help_line, text.data, STYLE_NORMAL);
	if (ui->help_line > lines - body.rows)
		ui->help_line = lines > body.rows ? lines - body.rows : 0;
	buf_release(&text);
}

static void help_key(struct ui *ui, int key)
{
	switch (key) {
	case KEY_DOWN:
	case 'j':
		ui->help_line++;
		break;
	case KEY_UP:
	case 'k':
		ui->help_line -= ui->help_line > 0;
		break;
	case KEY_NPAGE:
	case ' ':
		ui->help_line += (int)ui->rows_shown;
		break;
	case KEY_PPAGE:
		ui->help_line = ui->help_line > (int)ui->rows_shown
					? ui->help_line - (int)ui->rows_shown
					: 0;
		break;
	case KEY_HOME:
		ui->help_line = 0;
		break;
	case KEY_END:
		ui->help_line = 10000;
		break;
	default:
		overlay_close(ui);
	}
	ui->dirty = true;
}

const struct overlay overlay_help = {"help", help_draw, help_key};

/* --- what is on --- */

static void sources_draw(struct ui *ui, const struct rect *rect)
{
	struct rect body = {rect->row + 2, rect->column + 2, rect->rows - 2, rect->columns - 4};
	struct recording_stats stats = recording_stats(ui->config.recording);
	struct ui_status status = {0};
	struct buf text = {0};

	ui->config.status(ui->config.status_arg, &status);
	draw_label(ui->term, rect->row, rect->column, rect->columns,
		"What is on, and what it costs: any key closes", STYLE_HEADER, DRAW_FILL);
	if (!status.live)
		buf_printf(&text, "Nothing: this is a capture, %s.\n", status.source);
	else if (status.trouble)
		buf_printf(&text, "Nothing is sampled: %s\n", status.trouble);
	else
		buf_printf(&text, "Sampling %s, %llu Hz a CPU%s%s.\n", status.event,
			(unsigned long long)status.frequency, *status.why ? ": " : "", status.why);
	if (status.tasks)
		buf_printf(&text, "Processes: %s\n", status.tasks);
	if (status.cgroups)
		buf_printf(&text, "Cgroups: %s\n", status.cgroups);
	if (status.containers)
		buf_printf(&text, "Containers: %s\n", status.containers);
	if (*status.narrowed)
		buf_printf(&text, "Recorded is only %s%s%s.\n", status.narrowed,
			status.wide ? ": " : "", status.wide ? status.wide : "");
	if (status.left_out)
		buf_printf(&text, "Samples of others that the kernel left out: %llu.\n",
			(unsigned long long)status.left_out);
	buf_printf(&text,
		"Samples taken in: %llu; lost: %llu; late: %llu; times throttled: %llu.\n",
		(unsigned long long)stats.rows[RECORD_SAMPLE], (unsigned long long)status.lost,
		(unsigned long long)status.late, (unsigned long long)status.throttled);
	buf_add_text(&text, "Memory of the recording: ");
	value_print(&text, value_unsigned(stats.size), &(struct value_format){.unit = UNIT_BYTES});
	if (status.live) {
		buf_add_text(&text, " of ");
		value_print(&text, value_unsigned(stats.bound),
			&(struct value_format){.unit = UNIT_BYTES});
		buf_printf(&text, ", the oldest goes first; %llu chunks went.\n",
			(unsigned long long)stats.dropped);
		buf_printf(&text, "tracetop itself takes %.1f %% of one CPU.\n", status.cpu);
	} else {
		buf_add_text(&text, ".\n");
	}
	for (size_t i = 0; i < ui->config.views->warning_count; i++)
		buf_printf(&text, "\nLeft out: %s\n", ui->config.views->warnings[i]);
	draw_paragraph(ui->term, &body, 0, text.data, STYLE_NORMAL);
	buf_release(&text);
}

static void sources_key(struct ui *ui, int key)
{
	(void)key;
	overlay_close(ui);
}

const struct overlay overlay_sources = {"sources", sources_draw, sources_key};
