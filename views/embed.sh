#!/bin/sh
# Turns view files into the C table that src/view/builtin.h describes.
set -eu
cat <<'EOF'
/* Made by views/embed.sh from the files of views/. */
#include "view/builtin.h"

EOF
for file in "$@"; do
	name=$(basename "$file" .lua | tr - _)
	printf 'static const char text_%s[] = {' "$name"
	od -An -v -tx1 "$file" | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'
	printf '0};\n\n'
done
echo 'const struct builtin_view builtin_views[] = {'
for file in "$@"; do
	id=$(basename "$file" .lua)
	name=$(echo "$id" | tr - _)
	printf '\t{"%s", text_%s, sizeof(text_%s) - 1},\n' "$id" "$name" "$name"
done
echo '};'
echo 'const size_t builtin_view_count = sizeof(builtin_views) / sizeof(*builtin_views);'
