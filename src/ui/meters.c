/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's own figures above the panel: CPUs, memory, load, pressure, devices. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "ui/local.h"
#include "view/meters.h"

#define SPAN_NS (3 * UINT64_C(1000000000)) /* that rates are of */
#define LINES 3				   /* without the bars of single CPUs */
#define BAR_LEAST 14			   /* cells of a CPU's bar, with its number and percent */
#define FIGURES_LEAST 132		   /* columns in which all figures stand in one line */

/* Whether the figures take two lines: one cannot hold them, and the panel can do without. */
static bool has_two_lines(int rows, int columns)
{
	return rows >= 24 && columns < FIGURES_LEAST;
}

/* Lines that are left to the meters of a screen; 0: folded, or no room. */
int meters_lines(const struct ui *ui, int rows, int columns)
{
	return ui->meters_on && rows >= 18 ? LINES + has_two_lines(rows, columns) : 0;
}

void meters_refresh(struct ui *ui)
{
	/* The machine goes on when what is looked at has ended. */
	uint64_t to = ui_has_ended(ui) ? clock_now() : ui->query_to;

	if (ui->meters_on)
		meters_read(&ui->meters, ui->config.recording, to > SPAN_NS ? to - SPAN_NS : 0, to);
}

static void add_number(struct buf *out, double number, enum unit unit)
{
	value_print(out, value_real(number), &(struct value_format){.unit = unit});
}

static void bar_draw(struct ui *ui, int row, int column, int columns, const char *name, double part,
	const char *text)
{
	int room = columns - (int)strlen(name) - 2, filled, at;
	size_t size = strlen(text);

	if (room < 4)
		return;
	at = column + draw_label(ui->term, row, column, columns, name, STYLE_KEY, 0);
	at += draw_label(ui->term, row, at, 1, "[", STYLE_DIM, 0);
	filled = (int)(part * room + 0.5);
	for (int i = 0; i < room; i++) {
		/* What is written stands at the right, over what is filled. */
		char cell[2] = {i < filled ? '|' : ' ', '\0'};
		bool is_text = i >= room - (int)size;

		if (is_text)
			cell[0] = text[(size_t)i + size - (size_t)room];
		draw_label(ui->term, row, at + i, 1, cell,
			is_text	     ? STYLE_NORMAL
			: part > 0.9 ? STYLE_ERROR
			: part > 0.7 ? STYLE_WARNING
				     : STYLE_GOOD,
			0);
	}
	draw_label(ui->term, row, at + room, 1, "]", STYLE_DIM, 0);
}

static double share(const struct meters *m, enum cpu_usage_num num)
{
	uint64_t all = 0;

	for (int i = 0; i < CPU_USAGE_NUMS; i++)
		all += m->cpu[i];
	return all ? 100 * (double)m->cpu[num] / (double)all : 0;
}

/* One bar a CPU where there is room for all of them, else one of all. */
static void cpus_draw(struct ui *ui, int row, int columns)
{
	const struct meters *m = &ui->meters;
	char name[16], text[16];
	double idle = share(m, CPU_USAGE_IDLE) + share(m, CPU_USAGE_IOWAIT);
	int width = m->cpus ? columns / (int)m->cpus : columns;

	if (width < BAR_LEAST) {
		snprintf(text, sizeof(text), "%.1f%%", 100 - idle);
		snprintf(name, sizeof(name), "CPU %u ", m->cpus);
		bar_draw(ui, row, 0, columns, name, (100 - idle) / 100, text);
		return;
	}
	for (uint32_t i = 0; i < m->cpus; i++) {
		if (m->busy[i] < 0)
			continue;
		snprintf(name, sizeof(name), "%u", i);
		snprintf(text, sizeof(text), "%.1f%%", 100 * m->busy[i]);
		bar_draw(ui, row, (int)i * width, width - 1, name, m->busy[i], text);
	}
}

static void memory_draw(struct ui *ui, int row, int columns)
{
	const uint64_t *host = ui->meters.host;
	uint64_t used = host[HOST_USAGE_MEMORY] - host[HOST_USAGE_AVAILABLE];
	uint64_t swapped = host[HOST_USAGE_SWAP] - host[HOST_USAGE_SWAP_FREE];
	int width = host[HOST_USAGE_SWAP] ? columns / 2 : columns;
	struct buf text = {0};

	add_number(&text, (double)used, UNIT_BYTES);
	buf_add_char(&text, '/');
	add_number(&text, (double)host[HOST_USAGE_MEMORY], UNIT_BYTES);
	bar_draw(ui, row, 0, width - 1, "Mem",
		host[HOST_USAGE_MEMORY] ? (double)used / (double)host[HOST_USAGE_MEMORY] : 0,
		text.data);
	if (host[HOST_USAGE_SWAP]) {
		buf_clear(&text);
		add_number(&text, (double)swapped, UNIT_BYTES);
		buf_add_char(&text, '/');
		add_number(&text, (double)host[HOST_USAGE_SWAP], UNIT_BYTES);
		bar_draw(ui, row, width, columns - width, "Swp",
			(double)swapped / (double)host[HOST_USAGE_SWAP], text.data);
	}
	buf_release(&text);
}

static void add_rate(struct buf *out, const char *name, uint64_t sum, double seconds)
{
	buf_printf(out, " %s ", name);
	add_number(out, seconds > 0 ? (double)sum / seconds : 0, UNIT_BYTES);
}

/* The kernel adds up what waited when it is asked: a bit late may be too much. */
static double pressure(const struct meters *m, enum host_usage_num num)
{
	double percent = m->interval ? 100 * (double)m->host[num] / (double)m->interval : 0;

	return percent < 100 ? percent : 100;
}

/* In the order in which they are wanted: the end is cut where there is no room. */
static void figures_draw(struct ui *ui, int row, int columns, bool two_lines)
{
	const struct meters *m = &ui->meters;
	struct buf text = {0};

	buf_printf(&text, "load %.2f %.2f %.2f", (double)m->host[HOST_USAGE_LOAD_1] / 1e3,
		(double)m->host[HOST_USAGE_LOAD_5] / 1e3,
		(double)m->host[HOST_USAGE_LOAD_15] / 1e3);
	buf_printf(&text, "  wait %.0f%% steal %.0f%% irq %.0f%%", share(m, CPU_USAGE_IOWAIT),
		share(m, CPU_USAGE_STEAL), share(m, CPU_USAGE_IRQ) + share(m, CPU_USAGE_SOFTIRQ));
	buf_printf(&text, "  psi cpu %.0f%% mem %.0f%% io %.0f%%", pressure(m, HOST_USAGE_PSI_CPU),
		pressure(m, HOST_USAGE_PSI_MEMORY), pressure(m, HOST_USAGE_PSI_IO));
	if (two_lines) {
		draw_text(ui->term, row++, 0, columns, buf_str(&text), STYLE_NORMAL, DRAW_PLAIN);
		buf_clear(&text);
	} else {
		buf_add_text(&text, "  ");
	}
	buf_printf(&text, "%llu tasks", (unsigned long long)m->host[HOST_USAGE_TASKS]);
	buf_add_text(&text, "  net");
	add_rate(&text, "in", m->network_in, m->seconds);
	add_rate(&text, "out", m->network_out, m->seconds);
	buf_add_text(&text, "  disk");
	add_rate(&text, "r", m->disk_in, m->seconds);
	add_rate(&text, "w", m->disk_out, m->seconds);
	draw_text(ui->term, row, 0, columns, buf_str(&text), STYLE_NORMAL, DRAW_PLAIN);
	buf_release(&text);
}

void meters_draw(struct ui *ui, int row)
{
	int rows, columns;

	term_size(ui->term, &rows, &columns);
	if (!ui->meters.interval) {
		draw_label(ui->term, row, 0, columns,
			ui->config.to ? "the machine's own figures were not recorded here" : "",
			STYLE_DIM, 0);
		return;
	}
	cpus_draw(ui, row, columns);
	memory_draw(ui, row + 1, columns);
	figures_draw(ui, row + 2, columns, has_two_lines(rows, columns));
}
