// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "links.h"

struct request {
	struct nlmsghdr header;
	struct ifinfomsg link;
	char attributes[256];
};

static struct rtattr *begin(struct request *request, unsigned short type, const void *bytes, size_t size)
{
	struct rtattr *attribute = (void *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));

	attribute->rta_type = type;
	attribute->rta_len = RTA_LENGTH(size);
	memcpy(RTA_DATA(attribute), bytes, size);
	request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
	return attribute;
}

static void end(struct request *request, struct rtattr *attribute)
{
	attribute->rta_len = (char *)request + request->header.nlmsg_len - (char *)attribute;
}

static struct request request_of(unsigned short type, unsigned short flags)
{
	struct request request = { .header = {
		.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
		.nlmsg_type = type,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags,
	} };
	return request;
}

static int tell(struct request *request)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char more[512];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), good = 0;

	if (send(fd, request, request->header.nlmsg_len, 0) > 0 && recv(fd, &answer, sizeof(answer), 0) > 0)
		good = answer.header.nlmsg_type == NLMSG_ERROR && !answer.error.error;
	close(fd);
	return good;
}

int link_up(const char *name, int up)
{
	struct request request = request_of(RTM_NEWLINK, 0);

	request.link.ifi_index = if_nametoindex(name);
	request.link.ifi_change = IFF_UP;
	request.link.ifi_flags = up ? IFF_UP : 0;
	return tell(&request);
}

int link_delete(const char *name)
{
	struct request request = request_of(RTM_DELLINK, 0);

	request.link.ifi_index = if_nametoindex(name);
	return tell(&request);
}

int link_add_veth(const char *name, const char *peer)
{
	struct request request = request_of(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct ifinfomsg nothing = { 0 };
	struct rtattr *info, *data, *other;

	begin(&request, IFLA_IFNAME, name, strlen(name) + 1);
	info = begin(&request, IFLA_LINKINFO, NULL, 0);
	begin(&request, IFLA_INFO_KIND, "veth", 5);
	data = begin(&request, IFLA_INFO_DATA, NULL, 0);
	other = begin(&request, VETH_INFO_PEER, &nothing, sizeof(nothing));
	begin(&request, IFLA_IFNAME, peer, strlen(peer) + 1);
	end(&request, other);
	end(&request, data);
	end(&request, info);
	return tell(&request);
}
