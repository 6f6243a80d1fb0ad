/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as what runtimes and their daemons tell of a container: files of JSON, answers of
 * sockets.  What is behind an answer's head is reached from nowhere else, so its file is taken in
 * whole.
 */
#include "fuzz.h"

#include "resolve/container_inspect.h"
#include "resolve/container_paths.h"
#include "resolve/container_socket.c"
#include "resolve/json.h"

#define ID "0123456789abcdef"

static void check_text(const struct fact_text *text, size_t limit)
{
	CHECK(text->size <= limit);
}

static void check_facts(const struct container_facts *facts)
{
	check_text(&facts->name, CONTAINER_NAME_MAX);
	check_text(&facts->id, CONTAINER_NAME_MAX);
	check_text(&facts->runtime, CONTAINER_NAME_MAX);
	check_text(&facts->image, FACT_IMAGE_MAX);
	check_text(&facts->pod, CONTAINER_NAME_MAX);
	check_text(&facts->pod_namespace, CONTAINER_NAME_MAX);
	check_text(&facts->pod_uid, CONTAINER_NAME_MAX);
	CHECK(facts->labels_size <= FACT_LABELS_MAX);
	CHECK(facts->state <= CONTAINER_ENDED);
}

/* The body of an answer, or nothing; always with an end that may be looked at. */
static void take_answer(struct container_facts *facts, const uint8_t *data, size_t size)
{
	struct buf answer = {0};

	/* As receive_all() leaves it: with room behind. */
	memcpy(buf_reserve(&answer, size + 1), data, size);
	answer.size = size;
	if (take_body(&answer) == 200) {
		CHECK(answer.size < size && !answer.data[answer.size]);
		fact_docker(facts, buf_str(&answer));
	}
	buf_release(&answer);
}

/* What inspect makes of it: rows, whose texts are there. */
static void inspect_text_of(struct str text, bool is_bundle)
{
	struct json_object *object = json_pick(text);
	struct inspect inspect = {0};

	if (is_bundle)
		inspect_bundle(&inspect, object);
	else
		inspect_docker(&inspect, object, json_pick_member(object, "HostConfig"));
	for (size_t i = 0; i < inspect.count; i++) {
		CHECK(inspect.rows[i].section < INSPECT_SECTIONS);
		CHECK(inspect.rows[i].name <= inspect.rows[i].value);
		CHECK(inspect.rows[i].value <= inspect.rows[i].end);
		CHECK(inspect.rows[i].end <= inspect.texts.size);
	}
	inspect_release(&inspect);
	json_object_put(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct container_facts facts = {.state = CONTAINER_UNKNOWN};
	char *text;

	if (!size)
		return 0;
	text = fuzz_text(data + 1, size - 1);
	for (int look = 0; look < 2; look++) { /* the second one adds nothing */
		struct str json = {text, size - 1};

		switch (data[0] % 8) {
		case 0:
			fact_docker(&facts, json);
			break;
		case 1:
			fact_docker_host(&facts, json);
			break;
		case 2:
			fact_podman(&facts, json, STR(ID));
			break;
		case 3:
			fact_bundle(&facts, json);
			break;
		case 4:
			fact_runc(&facts, json);
			break;
		case 6:
		case 7:
			inspect_text_of(json, data[0] % 8 == 7);
			break;
		default:
			take_answer(&facts, data + 1, size - 1);
			break;
		}
		check_facts(&facts);
	}
	free(text);
	return 0;
}
