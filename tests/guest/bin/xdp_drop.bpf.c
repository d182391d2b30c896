// SPDX-License-Identifier: MIT
/* XDP: drops each fourth echo request of ICMP, for tests of what a capture says of packets that it can't see. */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define SEC(name) __attribute__((section(name), used))
#define ICMP 1
#define ECHO_REQUEST 8
#define XDP_DROP 1
#define XDP_PASS 2

struct xdp_md {
	u32 data;
	u32 data_end;
};

struct frame {
	u8 link[12];
	u8 type[2];
	u8 before_protocol[9];
	u8 protocol;
	u8 behind_protocol[10];
	u8 icmp_type;
};

u64 requests;

SEC("xdp")
int drop_some(struct xdp_md *packet)
{
	const struct frame *frame = (const void *)(u64)packet->data;

	if ((const void *)(frame + 1) > (const void *)(u64)packet->data_end)
		return XDP_PASS;
	if (frame->type[0] != 8 || frame->type[1] || frame->protocol != ICMP || frame->icmp_type != ECHO_REQUEST)
		return XDP_PASS;
	return __sync_fetch_and_add(&requests, 1) % 4 ? XDP_PASS : XDP_DROP;
}

SEC("license") char gpl[] = "GPL";
