/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/term.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

#define ESCAPE_DELAY_MS 50 /* for the rest of a function key, over a slow link too */
#define GOODBYE_NS (200 * NS_PER_MS)

struct term {
	int tty;      /* non-blocking, of our own */
	int frame_fd; /* memory that curses writes to */
	FILE *frame, *keys;
	SCREEN *screen;
	struct termios before, raw;
	bool has_termios, mono, entered;
	enum text_charset charset;
	char *out; /* what is not written yet */
	size_t out_size, out_at, out_capacity;
	size_t written;
	chtype styles[STYLES];
};

/* What has to be done when there is no time to do it well: by a signal, or without memory. */
static struct {
	int tty;
	struct termios before;
	char reset[256];
	size_t size;
	volatile sig_atomic_t armed;
} emergency;

static void emergency_restore(void)
{
	if (!emergency.armed)
		return;
	emergency.armed = 0;
	(void)!write(emergency.tty, emergency.reset, emergency.size);
	tcsetattr(emergency.tty, TCSANOW, &emergency.before);
}

static void emergency_signal(int number)
{
	emergency_restore();
	signal(number, SIG_DFL);
	raise(number);
}

static void emergency_add(const char *capability)
{
	const char *text = tigetstr(capability);
	size_t size = text && text != (char *)-1 ? strlen(text) : 0;

	if (emergency.size + size > sizeof(emergency.reset))
		return;
	if (size)
		memcpy(emergency.reset + emergency.size, text, size);
	emergency.size += size;
}

static void emergency_arm(const struct term *term)
{
	static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

	emergency.tty = term->tty;
	emergency.before = term->before;
	emergency.size = 0;
	emergency_add("sgr0");
	emergency_add("cnorm");
	emergency_add("rmkx");
	emergency_add("rmcup");
	emergency.armed = 1;
	mem_on_exhausted(emergency_restore);
	for (size_t i = 0; i < sizeof(fatal) / sizeof(*fatal); i++)
		signal(fatal[i], emergency_signal);
}

/* --- styles --- */

enum { PAIR_GREEN = 1, PAIR_YELLOW, PAIR_RED, PAIR_CYAN, PAIR_CURSOR, PAIR_HEADER, PAIR_SORTED };

static void make_colors(struct term *term)
{
	static const short pairs[][3] = {{PAIR_GREEN, COLOR_GREEN, -1},
		{PAIR_YELLOW, COLOR_YELLOW, -1}, {PAIR_RED, COLOR_RED, -1},
		{PAIR_CYAN, COLOR_CYAN, -1}, {PAIR_CURSOR, COLOR_BLACK, COLOR_CYAN},
		{PAIR_HEADER, COLOR_BLACK, COLOR_GREEN}, {PAIR_SORTED, COLOR_BLACK, COLOR_CYAN}};

	start_color();
	use_default_colors();
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		init_pair(pairs[i][0], pairs[i][1], pairs[i][2]);
	term->styles[STYLE_TITLE] = A_BOLD;
	term->styles[STYLE_GOOD] = COLOR_PAIR(PAIR_GREEN);
	term->styles[STYLE_WARNING] = COLOR_PAIR(PAIR_YELLOW) | A_BOLD;
	term->styles[STYLE_ERROR] = COLOR_PAIR(PAIR_RED) | A_BOLD;
	term->styles[STYLE_HEADER] = COLOR_PAIR(PAIR_HEADER);
	term->styles[STYLE_SORTED] = COLOR_PAIR(PAIR_SORTED);
	term->styles[STYLE_CURSOR] = COLOR_PAIR(PAIR_CURSOR);
	term->styles[STYLE_MATCH] = COLOR_PAIR(PAIR_YELLOW) | A_REVERSE;
	term->styles[STYLE_DIM] = A_DIM;
	term->styles[STYLE_KEY] = A_BOLD;
	term->styles[STYLE_LABEL] = COLOR_PAIR(PAIR_CURSOR);
	term->styles[STYLE_HOT] = COLOR_PAIR(PAIR_RED);
	term->styles[STYLE_WARM] = COLOR_PAIR(PAIR_GREEN);
}

/* Colours carry no meaning alone: without them the same things stand out. */
static void make_mono(struct term *term)
{
	term->styles[STYLE_TITLE] = A_BOLD;
	term->styles[STYLE_WARNING] = A_BOLD;
	term->styles[STYLE_ERROR] = A_BOLD | A_REVERSE;
	term->styles[STYLE_HEADER] = A_REVERSE;
	term->styles[STYLE_SORTED] = A_REVERSE | A_BOLD | A_UNDERLINE;
	term->styles[STYLE_CURSOR] = A_REVERSE;
	term->styles[STYLE_MATCH] = A_BOLD | A_UNDERLINE;
	term->styles[STYLE_KEY] = A_BOLD;
	term->styles[STYLE_LABEL] = A_REVERSE;
	term->styles[STYLE_HOT] = A_BOLD;
}

unsigned long term_style(const struct term *term, enum style style)
{
	return term->styles[style];
}

/* --- opening --- */

static int open_tty(struct error *error)
{
	int fd;

	if (!isatty(STDOUT_FILENO) && !isatty(STDERR_FILENO))
		return error_set(error, -ENOTTY,
			"the screen needs a terminal: tracetop show VIEW and tracetop record work "
			"without");
	fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) /* no controlling terminal, but one at the standard output all the same */
		fd = open(ttyname(STDOUT_FILENO) ? ttyname(STDOUT_FILENO) : "/dev/tty",
			O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? error_set(error, -errno, "cannot open the terminal: %s", strerror(errno))
		      : fd;
}

static void read_size(struct term *term)
{
	struct winsize size;

	if (!ioctl(term->tty, TIOCGWINSZ, &size) && size.ws_row > 0 && size.ws_col > 0)
		resizeterm(size.ws_row, size.ws_col);
}

/* Characters as they come, no signals by keys but the usual, no echo. */
static void make_raw(struct term *term)
{
	term->raw = term->before;
	term->raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | IXON | ISTRIP);
	term->raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | IEXTEN);
	term->raw.c_oflag |= OPOST;
	term->raw.c_cc[VMIN] = 1;
	term->raw.c_cc[VTIME] = 0;
}

static int start_curses(struct term *term, struct error *error)
{
	const char *name = getenv("TERM");
	char shown[64];

	text_escape_into(shown, sizeof(shown), name ? name : "");
	/* The size is the terminal's, which curses cannot ask: it sees only our memory. */
	unsetenv("LINES");
	unsetenv("COLUMNS");
	use_env(TRUE); /* else descriptions without a size (linux) are refused */
	use_tioctl(FALSE);
	term->screen = name ? newterm(name, term->frame, term->keys) : NULL;
	if (!term->screen || !tigetstr("cup") || tigetstr("cup") == (char *)-1)
		return error_set(error, -EINVAL,
			"the terminal type TERM='%s' is not known here or has no screen: try "
			"TERM=xterm; tracetop show VIEW works without a screen",
			shown);
	set_escdelay(ESCAPE_DELAY_MS);
	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	meta(stdscr, TRUE); /* bytes of UTF-8 as they are */
	nodelay(stdscr, TRUE);
	leaveok(stdscr, FALSE);
	curs_set(0);
	read_size(term);
	if (term->mono || !has_colors())
		make_mono(term);
	else
		make_colors(term);
	return 0;
}

struct term *term_new(const struct term_options *options, struct error *error)
{
	struct term *term = mem_zalloc(sizeof(*term));

	term->mono = options->mono;
	term->charset = options->ascii ? TEXT_ASCII : TEXT_UTF8;
	term->frame_fd = -1;
	term->tty = open_tty(error);
	if (term->tty < 0) {
		free(term);
		return NULL;
	}
	term->has_termios = !tcgetattr(term->tty, &term->before);
	make_raw(term);
	term->frame_fd = memfd_create("tracetop-frame", MFD_CLOEXEC);
	term->frame = term->frame_fd >= 0 ? fdopen(dup(term->frame_fd), "w") : NULL;
	term->keys = fdopen(dup(term->tty), "r");
	if (!term->frame || !term->keys) {
		error_set(error, -errno, "cannot make room for a frame: %s", strerror(errno));
		term_free(term);
		return NULL;
	}
	if (start_curses(term, error)) {
		term_free(term);
		return NULL;
	}
	if (term->has_termios)
		tcsetattr(term->tty, TCSANOW, &term->raw);
	term->entered = true;
	emergency_arm(term);
	return term;
}

/* Moves what curses wrote to what is to be written. */
static void collect_frame(struct term *term)
{
	off_t size = lseek(term->frame_fd, 0, SEEK_CUR);

	if (size > 0) {
		term->out = mem_grow(
			term->out, &term->out_capacity, term->out_size + (size_t)size, 1);
		if (pread(term->frame_fd, term->out + term->out_size, (size_t)size, 0) == size)
			term->out_size += (size_t)size;
	}
	(void)!ftruncate(term->frame_fd, 0);
	lseek(term->frame_fd, 0, SEEK_SET);
}

bool term_write(struct term *term)
{
	while (term->out_at < term->out_size) {
		ssize_t put = write(
			term->tty, term->out + term->out_at, term->out_size - term->out_at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return errno == EAGAIN;
		term->out_at += (size_t)put;
		term->written += (size_t)put;
	}
	term->out_at = term->out_size = 0;
	return true;
}

/* The last words: a terminal that does not read them in time does without. */
static void write_goodbye(struct term *term)
{
	uint64_t end = clock_now() + GOODBYE_NS;

	while (term_write(term) && term_is_busy(term) && clock_now() < end) {
		struct pollfd fd = {.fd = term->tty, .events = POLLOUT};

		poll(&fd, 1, 20);
	}
}

void term_leave(struct term *term)
{
	if (!term->entered)
		return;
	term->entered = false;
	term->out_at = term->out_size = 0; /* half a frame is of no use any more */
	endwin();
	collect_frame(term);
	write_goodbye(term);
	emergency.armed = 0;
	if (term->has_termios)
		tcsetattr(term->tty, TCSANOW, &term->before);
}

void term_enter(struct term *term)
{
	if (term->entered)
		return;
	if (term->has_termios)
		tcsetattr(term->tty, TCSANOW, &term->raw);
	term->entered = true;
	read_size(term);
	/* endwin() ended it, and curses would begin it again only behind the next key. */
	keypad(stdscr, TRUE);
	clearok(curscr, TRUE);
	emergency_arm(term);
}

void term_free(struct term *term)
{
	if (!term)
		return;
	if (term->screen) {
		term_leave(term);
		delscreen(term->screen);
	}
	if (term->frame)
		fclose(term->frame);
	if (term->keys)
		fclose(term->keys);
	if (term->frame_fd >= 0)
		close(term->frame_fd);
	close(term->tty);
	mem_on_exhausted(NULL);
	free(term->out);
	free(term);
}

int term_fd(const struct term *term)
{
	return term->tty;
}

bool term_is_busy(const struct term *term)
{
	return term->out_at < term->out_size;
}

bool term_present(struct term *term)
{
	if (!term->entered)
		return true;
	wnoutrefresh(stdscr);
	doupdate();
	collect_frame(term);
	return term_write(term);
}

int term_key(struct term *term, bool *lost)
{
	struct pollfd fd = {.fd = term->tty, .events = POLLIN};
	int key = getch(), bytes = 0;

	*lost = false;
	if (key != ERR)
		return key;
	/* Nothing, or the end: a terminal that is gone is readable and gives nothing. */
	if (poll(&fd, 1, 0) > 0 && ((fd.revents & (POLLHUP | POLLERR | POLLNVAL)) ||
					   (ioctl(term->tty, FIONREAD, &bytes) == 0 && !bytes)))
		*lost = true;
	return -1;
}

void term_resize(struct term *term)
{
	read_size(term);
	clearok(curscr, TRUE);
}

void term_redraw(struct term *term)
{
	(void)term;
	clearok(curscr, TRUE);
}

void term_size(const struct term *term, int *rows, int *columns)
{
	(void)term;
	getmaxyx(stdscr, *rows, *columns);
}

enum text_charset term_charset(const struct term *term)
{
	return term->charset;
}

size_t term_bytes(const struct term *term)
{
	return term->written;
}
