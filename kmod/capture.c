// SPDX-License-Identifier: GPL-2.0-only
#include "capture.h"
#include "filter.h"
#include "hooks.h"
#include "session.h"

static bool config_valid(const struct tscope_config *config)
{
	return !(config->flags & ~TSCOPE_CONFIG_ALL_NETNS);
}

static bool available(const struct tscope_config *config)
{
	return !(config->vantages & ~tscope_hooks_available(tscope_filter_protocols(&config->filter)));
}

static int start(struct tscope_session *session)
{
	const struct tscope_config *config = &session->config;
	int err;

	err = tscope_hooks_attach(config->vantages, tscope_filter_protocols(&config->filter));
	if (err)
		return err;
	/* In one step after every hook is there, so that all vantage points begin together. */
	err = tscope_session_listen(session);
	if (err)
		tscope_hooks_detach(config->vantages, tscope_filter_protocols(&config->filter));
	return err;
}

static void stop(struct tscope_session *session)
{
	tscope_session_listen_no_more(session);
	tscope_hooks_detach(session->config.vantages,
			    tscope_filter_protocols(&session->config.filter));
}

const struct tscope_session_kind tscope_capture_session = {
	.config_valid = config_valid,
	.available = available,
	.start = start,
	.stop = stop,
};
