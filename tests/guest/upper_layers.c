// SPDX-License-Identifier: MIT
/* guests: 6.1 6.12 debug */
/*
 * Sockets whose calls are not simply TCP's: what a call moves is put at its place in the stream, or
 * said to have none. Over loopback, one connection a part.
 */
#include <arpa/inet.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "session.h"

#ifndef TCP_ULP
#define TCP_ULP 31
#endif
#ifndef SOL_TLS
#define SOL_TLS 282
#endif
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef SO_PEEK_OFF
#define SO_PEEK_OFF 42
#endif
#define SLOTS 1024
#define RECORDS_MAX 256

static int skipped;

static void skip(const char *what, const char *why)
{
	printf("skip %s: %s\n", what, why);
	skipped++;
}

static struct tscope_record seen[RECORDS_MAX];
static int seen_count;

struct capture {
	int fd;
	struct mapped m;
	struct tscope_record *rings;
};

static struct capture begin(uint16_t port)
{
	struct tscope_config config =
		usual_config(TSCOPE_VANTAGE_BIT(TSCOPE_APP_RX) | TSCOPE_VANTAGE_BIT(TSCOPE_APP_TX) |
				     TSCOPE_VANTAGE_BIT(TSCOPE_SOCKET_TX),
			     port, SLOTS);
	struct capture capture = { .fd = open_device() };

	if (try_ioctl(capture.fd, TSCOPE_IOC_CONFIGURE, &config))
		exit(2);
	capture.m = map_session(capture.fd);
	if (try_ioctl(capture.fd, TSCOPE_IOC_START, NULL))
		exit(2);
	return capture;
}

/* All records, of each CPU in turn. */
static void end(struct capture *capture)
{
	ioctl(capture->fd, TSCOPE_IOC_STOP);
	seen_count = 0;
	for (unsigned int cpu = 0; cpu < capture->m.info->cpus; cpu++) {
		const struct tscope_record *ring =
			mmap(NULL, capture->m.info->ring_bytes, PROT_READ, MAP_SHARED, capture->fd,
			     TSCOPE_MMAP_DATA + cpu * capture->m.info->ring_bytes);
		uint64_t head = capture->m.info->rings[cpu].head;

		if (ring == MAP_FAILED)
			exit(2);
		for (uint64_t i = 0; i < head && seen_count < RECORDS_MAX; i++)
			seen[seen_count++] = ring[i];
		munmap((void *)ring, capture->m.info->ring_bytes);
	}
	close(capture->fd);
}

static int count(uint8_t vantage, uint32_t flags)
{
	int n = 0;

	for (int i = 0; i < seen_count; i++)
		n += seen[i].vantage == vantage && (seen[i].flags & flags) == flags;
	return n;
}

/* The n-th record there, in the order of time. */
static const struct tscope_record *nth(uint8_t vantage, int n)
{
	for (int i = 0; i < seen_count; i++) {
		int before = 0;

		if (seen[i].vantage != vantage)
			continue;
		for (int j = 0; j < seen_count; j++)
			before += seen[j].vantage == vantage && seen[j].tsc < seen[i].tsc;
		if (before == n)
			return &seen[i];
	}
	return NULL;
}

static int connected(int protocol, int pair[2], uint16_t *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int one = 1, listener = socket(AF_INET, SOCK_STREAM, protocol);

	if (listener < 0)
		return errno;
	if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&address, &length))
		exit(2);
	pair[0] = socket(AF_INET, SOCK_STREAM, protocol);
	if (connect(pair[0], (struct sockaddr *)&address, length))
		exit(2);
	pair[1] = accept(listener, NULL, NULL);
	close(listener);
	setsockopt(pair[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	*port = ntohs(address.sin_port);
	return 0;
}

static void pass(int pair[2], const char *text)
{
	char got[64];
	size_t length = strlen(text);

	if (send(pair[0], text, length, 0) != (ssize_t)length ||
	    recv(pair[1], got, length, MSG_WAITALL) != (ssize_t)length)
		exit(2);
}

static void done(int pair[2])
{
	close(pair[0]);
	close(pair[1]);
}

static void urgent_byte(void)
{
	const struct tscope_record *first, *second;
	struct capture capture;
	int pair[2];
	char got[8];
	uint16_t port;

	connected(0, pair, &port);
	capture = begin(port);
	pass(pair, "abcd");
	if (send(pair[0], "!", 1, MSG_OOB) != 1)
		exit(2);
	usleep(100000);
	check(recv(pair[1], got, 1, MSG_OOB) == 1, "the urgent byte was read");
	pass(pair, "efgh");
	end(&capture);
	first = nth(TSCOPE_APP_RX, 0);
	second = nth(TSCOPE_APP_RX, 1);
	check(count(TSCOPE_APP_RX, 0) == 2, "an urgent byte's call has no record");
	check(first && second && second->seq == first->seq_end + 1 &&
		      second->seq_end == second->seq + 4,
	      "and those around it are in their places");
	done(pair);
}

static void peek_offset(void)
{
	const struct tscope_record *first, *second, *whole;
	struct capture capture;
	int pair[2], offset = 0;
	char got[16];
	uint16_t port;

	connected(0, pair, &port);
	if (setsockopt(pair[1], SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset))) {
		skip("SO_PEEK_OFF", "this kernel's TCP has none");
		return done(pair);
	}
	capture = begin(port);
	if (send(pair[0], "abcdefgh", 8, 0) != 8)
		exit(2);
	usleep(100000);
	check(recv(pair[1], got, 4, MSG_PEEK) == 4 && recv(pair[1], got, 4, MSG_PEEK) == 4 &&
		      got[0] == 'e',
	      "the second look is further on");
	check(recv(pair[1], got, 8, 0) == 8, "all is still there");
	end(&capture);
	first = nth(TSCOPE_APP_RX, 0);
	second = nth(TSCOPE_APP_RX, 1);
	whole = nth(TSCOPE_APP_RX, 2);
	check(count(TSCOPE_APP_RX, TSCOPE_F_PEEK) == 2 && first && second && whole &&
		      first->seq == whole->seq && second->seq == whole->seq + 4 &&
		      whole->seq_end == whole->seq + 8,
	      "a look at an offset is put there");
	done(pair);
}

static int make_tls(int fd, int direction)
{
	struct tls12_crypto_info_aes_gcm_128 keys = { .info = { TLS_1_2_VERSION,
								TLS_CIPHER_AES_GCM_128 } };

	return setsockopt(fd, SOL_TLS, direction, &keys, sizeof(keys));
}

static void kernel_tls(void)
{
	struct capture capture;
	int pair[2];
	uint16_t port;

	connected(0, pair, &port);
	if (setsockopt(pair[0], IPPROTO_TCP, TCP_ULP, "tls", 4) ||
	    setsockopt(pair[1], IPPROTO_TCP, TCP_ULP, "tls", 4)) {
		skip("kTLS", strerror(errno));
		return done(pair);
	}
	if (make_tls(pair[0], TLS_TX) || make_tls(pair[1], TLS_RX)) {
		skip("kTLS", strerror(errno));
		return done(pair);
	}
	capture = begin(port);
	pass(pair, "abcd");
	pass(pair, "efgh");
	end(&capture);
	/* Before 6.3 its calls pass no place at all. */
	check(count(TSCOPE_APP_RX, 0) == count(TSCOPE_APP_RX, TSCOPE_F_ULP),
	      "kTLS: what is stamped of its receive calls is flagged");
	for (int i = 0; i < seen_count; i++) {
		if (seen[i].vantage == TSCOPE_APP_RX && (seen[i].seq || seen[i].seq_end))
			check(0, "kTLS: and have no place in the stream");
	}
	check(count(TSCOPE_SOCKET_TX, TSCOPE_F_ULP) >= 2, "kTLS: segments are flagged");
	done(pair);
}

static void multipath(void)
{
	struct capture capture;
	uint16_t port;
	int pair[2];
	int err = connected(IPPROTO_MPTCP, pair, &port);

	if (err) {
		skip("MPTCP", strerror(err));
		return;
	}
	capture = begin(port);
	pass(pair, "abcd");
	usleep(100000);
	end(&capture);
	check(count(TSCOPE_SOCKET_TX, TSCOPE_F_MPTCP) > 0,
	      "MPTCP: a subflow's segments are flagged");
	check(count(TSCOPE_APP_RX, 0) == 0, "MPTCP: its calls are another socket's");
	done(pair);
}

static void fast_open(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int pair[2], queue = 5, listener = socket(AF_INET, SOCK_STREAM, 0);
	struct capture capture;
	char got[8];
	int zero = 0;

	if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&address, &length))
		exit(2);
	setsockopt(listener, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof(queue));
	pair[0] = socket(AF_INET, SOCK_STREAM, 0);
	capture = begin(0);
	if (sendto(pair[0], "abcd", 4, MSG_FASTOPEN, (struct sockaddr *)&address, length) != 4) {
		skip("TCP Fast Open", strerror(errno));
		close(capture.fd);
		return;
	}
	pair[1] = accept(listener, NULL, NULL);
	if (recv(pair[1], got, 4, MSG_WAITALL) != 4)
		exit(2);
	end(&capture);
	for (int i = 0; i < seen_count; i++)
		zero += seen[i].vantage == TSCOPE_APP_TX &&
			(memcmp(seen[i].header + 16, "\0\0\0\0", 4) == 0 || seen[i].seq == 0);
	check(zero == 0, "a send call that connects has no record with made-up numbers");
	close(listener);
	done(pair);
}

int main(void)
{
	if (system("modprobe -q tls") < 0)
		return 2;
	urgent_byte();
	peek_offset();
	kernel_tls();
	multipath();
	fast_open();
	printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	return failed != 0;
}
