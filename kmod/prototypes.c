// SPDX-License-Identifier: GPL-2.0-only
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <uapi/linux/btf.h>

#include "prototypes.h"

#define BTF_FILE	"/sys/kernel/btf/vmlinux"
#define BTF_BYTES_MAX	(64U << 20)
#define CHAIN_MAX	16	/* of const, typedef and the like around a type */
#define NAME_MAX_BYTES	64

static struct {
	u8 *file;
	size_t file_bytes;
	const char *strings;
	u32 strings_len;
	const struct btf_type **types;	/* by id; 0 is void and not there */
	u32 count;
} btf;

/* Not by kernel_read_file(): a security module may warn of files that are of none of its kinds. */
static int read_file(void)
{
	struct file *file = filp_open(BTF_FILE, O_RDONLY, 0);
	loff_t bytes, at = 0;
	ssize_t got = 0;

	if (IS_ERR(file))
		return PTR_ERR(file);
	bytes = i_size_read(file_inode(file));
	btf.file = bytes > 0 && bytes <= BTF_BYTES_MAX ? vmalloc(bytes) : NULL;
	if (btf.file) {
		do {
			got = kernel_read(file, btf.file + at, bytes - at, &at);
		} while (got > 0 && at < bytes);
		btf.file_bytes = at;
	}
	filp_close(file, NULL);
	if (!btf.file)
		return -ENOMEM;
	return got < 0 ? got : 0;
}

/* What follows a type, or a negative errno. */
static int bytes_behind(const struct btf_type *type)
{
	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return sizeof(u32);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return BTF_INFO_VLEN(type->info) * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return BTF_INFO_VLEN(type->info) * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return BTF_INFO_VLEN(type->info) * sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return BTF_INFO_VLEN(type->info) * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return BTF_INFO_VLEN(type->info) * sizeof(struct btf_var_secinfo);
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

/* Calls of it with `types` NULL count. */
static int walk(const u8 *at, const u8 *end, const struct btf_type **types)
{
	u32 count = 1;

	while (at < end) {
		const struct btf_type *type = (const struct btf_type *)at;
		int behind;

		if (end - at < (ptrdiff_t)sizeof(*type))
			return -EINVAL;
		behind = bytes_behind(type);
		if (behind < 0)
			return behind;
		at += sizeof(*type);
		if (end - at < behind)
			return -EINVAL;
		at += behind;
		if (types)
			types[count] = type;
		count++;
	}
	return count;
}

static int index_types(void)
{
	const struct btf_header *header = (const struct btf_header *)btf.file;
	size_t bytes = btf.file_bytes;
	const u8 *body, *types;
	int count;

	if (bytes < sizeof(*header) || header->magic != BTF_MAGIC || header->hdr_len > bytes)
		return -EINVAL;
	body = btf.file + header->hdr_len;
	bytes -= header->hdr_len;
	if (size_add(header->type_off, header->type_len) > bytes || !header->str_len ||
	    size_add(header->str_off, header->str_len) > bytes)
		return -EINVAL;
	btf.strings = (const char *)body + header->str_off;
	btf.strings_len = header->str_len;
	if (btf.strings[btf.strings_len - 1])
		return -EINVAL;
	types = body + header->type_off;
	count = walk(types, types + header->type_len, NULL);
	if (count < 0)
		return count;
	btf.types = kvcalloc(count, sizeof(*btf.types), GFP_KERNEL);
	if (!btf.types)
		return -ENOMEM;
	btf.count = walk(types, types + header->type_len, btf.types);
	return 0;
}

void tscope_prototypes_read(void)
{
	int err = read_file();

	if (!err)
		err = index_types();
	if (!err)
		return;
	pr_info("tscope: no types of this kernel can be read from " BTF_FILE " (error %d): prototypes are not compared\n",
		err);
	tscope_prototypes_forget();
}

void tscope_prototypes_forget(void)
{
	kvfree(btf.types);
	vfree(btf.file);
	memset(&btf, 0, sizeof(btf));
}

static const struct btf_type *type_of(u32 id)
{
	return id < btf.count ? btf.types[id] : NULL;
}

static const char *name_of(const struct btf_type *type)
{
	return type->name_off < btf.strings_len ? btf.strings + type->name_off : "";
}

static bool only_decorates(u32 kind)
{
	return kind == BTF_KIND_CONST || kind == BTF_KIND_VOLATILE || kind == BTF_KIND_RESTRICT ||
	       kind == BTF_KIND_TYPE_TAG;
}

/* Without const and the like; through typedefs too, until one of them is called `name`. */
static const struct btf_type *undecorated(u32 id, const char *name)
{
	const struct btf_type *type = type_of(id);
	int i;

	for (i = 0; type && i < CHAIN_MAX; i++) {
		u32 kind = BTF_INFO_KIND(type->info);

		if (kind == BTF_KIND_TYPEDEF ? name && !strcmp(name_of(type), name) : !only_decorates(kind))
			break;
		type = type_of(type->type);
	}
	return type;
}

/* `wanted` as in C. */
static bool type_is(u32 id, const char *wanted)
{
	const struct btf_type *type;
	size_t length = strlen(wanted), behind = strlen(" *");
	bool pointer = length > behind && !strcmp(wanted + length - behind, " *");
	char name[NAME_MAX_BYTES];

	strscpy(name, strstarts(wanted, "struct ") ? wanted + strlen("struct ") : wanted, sizeof(name));
	if (!pointer) {
		type = undecorated(id, name);
		return type && BTF_INFO_KIND(type->info) != BTF_KIND_PTR && !strcmp(name_of(type), name);
	}
	name[strlen(name) - strlen(" *")] = 0;
	type = undecorated(id, NULL);
	if (!type || BTF_INFO_KIND(type->info) != BTF_KIND_PTR)
		return false;
	type = undecorated(type->type, NULL);
	return type && BTF_INFO_KIND(type->info) == BTF_KIND_STRUCT && !strcmp(name_of(type), name);
}

static bool takes_these(const struct btf_type *function, const char *takes)
{
	const struct btf_type *prototype = type_of(function->type);
	const struct btf_param *params;
	u32 i = 0;

	if (!prototype || BTF_INFO_KIND(prototype->info) != BTF_KIND_FUNC_PROTO)
		return false;
	params = (const struct btf_param *)(prototype + 1);
	while (*takes) {
		size_t length = strcspn(takes, ",");
		char wanted[NAME_MAX_BYTES];

		if (i == BTF_INFO_VLEN(prototype->info) || length >= sizeof(wanted))
			return false;
		memcpy(wanted, takes, length);
		wanted[length] = 0;
		if (!type_is(params[i++].type, wanted))
			return false;
		takes += length + strspn(takes + length, ", ");
	}
	return true;
}

/* Two of one name that differ leave it open which one is hooked. */
enum tscope_prototype tscope_prototype_of(const char *name, const char *takes)
{
	enum tscope_prototype found = TSCOPE_PROTOTYPE_UNKNOWN;
	u32 id;

	for (id = 1; id < btf.count; id++) {
		const struct btf_type *type = btf.types[id];

		if (BTF_INFO_KIND(type->info) != BTF_KIND_FUNC || strcmp(name_of(type), name))
			continue;
		if (!takes_these(type, takes))
			return TSCOPE_PROTOTYPE_DIFFERS;
		found = TSCOPE_PROTOTYPE_SAME;
	}
	return found;
}
