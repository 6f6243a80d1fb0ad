/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "view/filter.h"

enum token_kind { TOKEN_WORD, TOKEN_QUOTED, TOKEN_SYMBOL, TOKEN_END };

struct token {
	enum token_kind kind;
	struct str text; /* of a word or quoted text, without its quotes */
	size_t column;
};

struct parser {
	const char *text;
	size_t at;
	struct token token; /* the one at hand */
	struct filter *filter;
	struct filter_error *error;
	char *words; /* where the next value's bytes go */
	unsigned depth;
	bool failed;
};

static const struct {
	const char *name;
	enum filter_op op;
	bool text_only, any_type;
} operators[] = {
	{"=", FILTER_EQ, false, true},
	{"==", FILTER_EQ, false, true},
	{"!=", FILTER_NE, false, true},
	{"<", FILTER_LT, false, false},
	{"<=", FILTER_LE, false, false},
	{">", FILTER_GT, false, false},
	{">=", FILTER_GE, false, false},
	{"contains", FILTER_CONTAINS, true, false},
	{"icontains", FILTER_ICONTAINS, true, false},
	{"startswith", FILTER_STARTSWITH, true, false},
	{"endswith", FILTER_ENDSWITH, true, false},
	{"glob", FILTER_GLOB, true, false},
	{"in", FILTER_IN, false, true},
	{"exists", FILTER_EXISTS, false, true},
};

__attribute__((format(printf, 3, 4))) static void parse_fail(
	struct parser *parser, size_t column, const char *format, ...)
{
	va_list args;

	if (parser->failed)
		return;
	parser->failed = true;
	parser->error->column = column;
	va_start(args, format);
	vsnprintf(parser->error->text, sizeof(parser->error->text), format, args);
	va_end(args);
}

static bool is_word_byte(char c)
{
	return c && !isspace((unsigned char)c) && !strchr("()=!<>,'\"", c);
}

/* Quoted text: a backslash takes the next byte as it is. */
static void lex_quoted(struct parser *parser)
{
	char quote = parser->text[parser->at];
	size_t start = parser->at++;
	char *out = parser->words;

	while (parser->text[parser->at] && parser->text[parser->at] != quote) {
		if (parser->text[parser->at] == '\\' && parser->text[parser->at + 1])
			parser->at++;
		*parser->words++ = parser->text[parser->at++];
	}
	if (!parser->text[parser->at])
		parse_fail(parser, start, "this quote is not closed");
	else
		parser->at++;
	parser->token = (struct token){TOKEN_QUOTED, {out, (size_t)(parser->words - out)}, start};
	*parser->words++ = '\0';
}

static void lex(struct parser *parser)
{
	const char *text = parser->text;
	size_t start, length = 1;

	while (isspace((unsigned char)text[parser->at]))
		parser->at++;
	start = parser->at;
	if (text[start] == '\'' || text[start] == '"') {
		lex_quoted(parser);
		return;
	}
	if (!text[start]) {
		parser->token = (struct token){TOKEN_END, {"", 0}, start};
		return;
	}
	if (is_word_byte(text[start])) {
		while (is_word_byte(text[start + length]))
			length++;
		parser->token = (struct token){TOKEN_WORD, {text + start, length}, start};
	} else {
		if (strchr("=!<>", text[start]) && text[start + 1] == '=')
			length = 2;
		parser->token = (struct token){TOKEN_SYMBOL, {text + start, length}, start};
	}
	parser->at += length;
}

static bool token_is(const struct parser *parser, const char *text)
{
	return parser->token.kind != TOKEN_QUOTED && parser->token.kind != TOKEN_END &&
	       str_equal(parser->token.text, str_from(text));
}

static uint32_t parse_node(
	struct parser *parser, enum filter_kind kind, uint32_t left, uint32_t right)
{
	struct filter *filter = parser->filter;
	uint32_t at = (uint32_t)filter->node_count++;

	if (filter->node_count > FILTER_NODES)
		parse_fail(parser, parser->token.column, "too many conditions");
	filter->nodes = mem_grow(
		filter->nodes, &filter->node_capacity, filter->node_count, sizeof(*filter->nodes));
	filter->nodes[at] = (struct filter_node){kind, left, right};
	return at;
}

/* What a suffix multiplies by; 0 if the unit has no such suffix. */
static double suffix_factor(struct str suffix, enum unit unit)
{
	static const struct {
		const char *suffix;
		enum unit unit;
		double factor;
	} suffixes[] = {{"ns", UNIT_NS, 1}, {"us", UNIT_NS, 1e3}, {"ms", UNIT_NS, 1e6},
		{"s", UNIT_NS, 1e9}, {"m", UNIT_NS, 60e9}, {"h", UNIT_NS, 3600e9},
		{"b", UNIT_BYTES, 1}, {"k", UNIT_BYTES, 1024}, {"kb", UNIT_BYTES, 1024},
		{"kib", UNIT_BYTES, 1024}, {"m", UNIT_BYTES, 1 << 20}, {"mb", UNIT_BYTES, 1 << 20},
		{"mib", UNIT_BYTES, 1 << 20}, {"g", UNIT_BYTES, 1 << 30},
		{"gb", UNIT_BYTES, 1 << 30}, {"gib", UNIT_BYTES, 1 << 30}, {"%", UNIT_PERCENT, 1},
		{"k", UNIT_NONE, 1e3}, {"m", UNIT_NONE, 1e6}, {"g", UNIT_NONE, 1e9},
		{"hz", UNIT_HERTZ, 1}};

	if (!suffix.size)
		return 1;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++)
		if (suffixes[i].unit == unit && strlen(suffixes[i].suffix) == suffix.size &&
			text_contains_folded(suffix, str_from(suffixes[i].suffix)))
			return suffixes[i].factor;
	return 0;
}

static bool value_from_number(struct str text, enum unit unit, struct value *value)
{
	char copy[64], *end;
	unsigned long long whole;
	double factor, real;

	if (!text.size || text.size >= sizeof(copy))
		return false;
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	errno = 0;
	whole = strtoull(copy, &end, 0);
	if (*copy != '-' && end != copy && !errno && (!*end || !strchr(".eE", *end))) {
		factor = suffix_factor(str_from(end), unit);
		if (factor <= 0 || whole > UINT64_MAX / (uint64_t)factor)
			return false;
		*value = value_unsigned(whole * (uint64_t)factor);
		return true;
	}
	real = strtod(copy, &end);
	factor = end == copy ? 0 : suffix_factor(str_from(end), unit);
	if (factor <= 0 || !isfinite(real))
		return false;
	real *= factor;
	*value = real == floor(real) && fabs(real) < 9e18 ? value_signed((int64_t)real)
							  : value_real(real);
	return true;
}

static bool value_from_truth(struct str text, struct value *value)
{
	bool yes = str_equal(text, STR("true")) || str_equal(text, STR("yes")) ||
		   str_equal(text, STR("1"));
	bool no = str_equal(text, STR("false")) || str_equal(text, STR("no")) ||
		  str_equal(text, STR("0"));

	*value = value_bool(yes);
	return yes || no;
}

static void parse_value(struct parser *parser, struct filter_check *check)
{
	struct token token = parser->token;
	struct value value = value_text(token.text);
	const struct field *field = check->field;
	bool good = true;

	if (token.kind != TOKEN_WORD && token.kind != TOKEN_QUOTED) {
		parse_fail(parser, token.column, "a value for %s is missing here", field->name);
		return;
	}
	if (field->type == VALUE_BOOL)
		good = value_from_truth(token.text, &value);
	else if (field->type != VALUE_TEXT)
		good = value_from_number(token.text, field->unit, &value);
	if (!good) {
		parse_fail(parser, token.column, "%s is %s, this is not", field->name,
			field->type == VALUE_BOOL ? "true or false" : "a number");
		return;
	}
	if (value.type == VALUE_TEXT && token.kind == TOKEN_WORD) { /* quoted ones are copied */
		memcpy(parser->words, token.text.data, token.text.size);
		value.data = parser->words;
		parser->words += token.text.size;
		*parser->words++ = '\0';
	}
	check->values = mem_realloc(check->values, (check->count + 1) * sizeof(*check->values));
	check->values[check->count++] = value;
	lex(parser);
}

static void parse_list(struct parser *parser, struct filter_check *check)
{
	if (!token_is(parser, "(")) {
		parse_fail(parser, parser->token.column, "'in' takes a list: (a, b)");
		return;
	}
	do {
		lex(parser);
		parse_value(parser, check);
	} while (!parser->failed && token_is(parser, ","));
	if (!token_is(parser, ")"))
		parse_fail(
			parser, parser->token.column, "the list goes on with ',' or ends with ')'");
	lex(parser);
}

static void parse_operator(struct parser *parser, struct filter_check *check)
{
	struct token token = parser->token;

	for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++) {
		if (!token_is(parser, operators[i].name))
			continue;
		if (operators[i].text_only && check->field->type != VALUE_TEXT)
			parse_fail(parser, token.column, "'%s' is for texts, %s is none",
				operators[i].name, check->field->name);
		else if (check->field->type == VALUE_BOOL && !operators[i].any_type)
			parse_fail(parser, token.column,
				"%s is true or false: compare it with =", check->field->name);
		check->op = operators[i].op;
		lex(parser);
		return;
	}
	parse_fail(parser, token.column,
		"an operator is missing here: = != < <= > >= contains icontains startswith "
		"endswith "
		"glob in exists");
}

static uint32_t parse_check(struct parser *parser)
{
	struct filter *filter = parser->filter;
	struct token name = parser->token;
	struct filter_check *check;
	const struct field *field;

	if (name.kind != TOKEN_WORD) {
		parse_fail(parser, name.column, "the name of a field is missing here");
		return FILTER_NONE;
	}
	field = field_find(name.text);
	if (!field) {
		const char *near = field_nearest(name.text);

		parse_fail(parser, name.column, "no field has this name%s%s%s",
			near ? ", did you mean " : " (tracetop list fields)", near ? near : "",
			near ? "?" : "");
		return FILTER_NONE;
	}
	filter->checks = mem_grow(filter->checks, &filter->check_capacity, filter->check_count + 1,
		sizeof(*filter->checks));
	check = &filter->checks[filter->check_count++];
	*check = (struct filter_check){.field = field};
	lex(parser);
	parse_operator(parser, check);
	if (parser->failed)
		return FILTER_NONE;
	if (check->op == FILTER_IN)
		parse_list(parser, check);
	else if (check->op != FILTER_EXISTS)
		parse_value(parser, check);
	return parse_node(parser, FILTER_CHECK, (uint32_t)(check - filter->checks), FILTER_NONE);
}

static uint32_t parse_or(struct parser *parser);

static uint32_t parse_not(struct parser *parser)
{
	uint32_t node;

	if (++parser->depth > FILTER_DEPTH) {
		parse_fail(parser, parser->token.column, "nested too deeply");
		return FILTER_NONE;
	}
	if (token_is(parser, "not")) {
		lex(parser);
		node = parse_not(parser);
		node = parse_node(parser, FILTER_NOT, node, FILTER_NONE);
	} else if (token_is(parser, "(")) {
		size_t column = parser->token.column;

		lex(parser);
		node = parse_or(parser);
		if (!token_is(parser, ")"))
			parse_fail(parser, column, "this parenthesis is not closed");
		lex(parser);
	} else {
		node = parse_check(parser);
	}
	parser->depth--;
	return node;
}

static uint32_t parse_and(struct parser *parser)
{
	uint32_t left = parse_not(parser);

	while (!parser->failed && token_is(parser, "and")) {
		uint32_t right;

		lex(parser);
		right = parse_not(parser);
		left = parse_node(parser, FILTER_AND, left, right);
	}
	return left;
}

static uint32_t parse_or(struct parser *parser)
{
	uint32_t left = parse_and(parser);

	while (!parser->failed && token_is(parser, "or")) {
		uint32_t right;

		lex(parser);
		right = parse_and(parser);
		left = parse_node(parser, FILTER_OR, left, right);
	}
	return left;
}

struct filter *filter_parse(const char *text, struct filter_error *error)
{
	struct filter *filter = mem_zalloc(sizeof(*filter));
	struct parser parser = {.text = text, .filter = filter, .error = error};

	filter->text = mem_strdup(text);
	/* A word is copied at most once and gets a NUL: twice the text is always enough. */
	parser.words = filter->words = mem_alloc(2 * strlen(text) + 2);
	filter->root = FILTER_NONE;
	lex(&parser);
	if (parser.token.kind != TOKEN_END)
		filter->root = parse_or(&parser);
	if (parser.token.kind != TOKEN_END)
		parse_fail(&parser, parser.token.column, "'and' or 'or' is missing here");
	if (!parser.failed)
		return filter;
	filter_free(filter);
	return NULL;
}

void filter_free(struct filter *filter)
{
	if (!filter)
		return;
	for (size_t i = 0; i < filter->check_count; i++)
		free(filter->checks[i].values);
	free(filter->checks);
	free(filter->nodes);
	free(filter->words);
	free(filter->text);
	free(filter);
}

void filter_quote(struct buf *out, struct value value)
{
	static const struct value_format exact = {.unit = UNIT_ID};

	if (value.type != VALUE_TEXT) {
		if (value.type == VALUE_BOOL)
			buf_add_text(out, value.b ? "true" : "false");
		else
			value_print(out, value, &exact);
		return;
	}
	buf_add_char(out, '\'');
	for (size_t i = 0; i < value.size && value.data[i]; i++) {
		if (value.data[i] == '\'' || value.data[i] == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, value.data[i]);
	}
	buf_add_char(out, '\'');
}
