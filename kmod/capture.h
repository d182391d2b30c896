/* SPDX-License-Identifier: GPL-2.0-only */
/* The kind of session that gets its records from hooks. */
#ifndef TSCOPE_CAPTURE_H
#define TSCOPE_CAPTURE_H

struct tscope_session_kind;

extern const struct tscope_session_kind tscope_capture_session;

#endif
