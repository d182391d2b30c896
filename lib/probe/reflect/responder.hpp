// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <span>

#include "probe/reflect/bounded_table.hpp"
#include "probe/reflect/sequence_window.hpp"
#include "probe/reflect/token_bucket.hpp"
#include "probe/wire/stamp.hpp"
#include "tscope/probe/reflect.hpp"

namespace tscope {

/// A datagram with what the kernel said of it.
struct Arrival {
  Endpoint sender;
  std::int64_t received_ns = 0;  ///< since the Unix epoch
  std::uint8_t ttl = 255;        ///< 255 where it is not known (RFC 5357, section 4.2.1)
  bool unicast = true;           ///< sent to an address of one machine
  std::span<const std::uint8_t> payload;
};

/// What of the reflector needs neither sockets nor a clock: who gets an answer, with which number.
class Responder {
 public:
  explicit Responder(const ReflectOptions& options);

  /// The port it answers at: what comes from there is of its own kind.
  void set_port(std::uint16_t port) { port_ = port; }
  void set_error(const stamp::ErrorEstimate& error) { error_ = error; }

  /// The answer, all but its transmit timestamp; nothing where none is due, which is counted.
  std::optional<stamp::ReflectorPacket> answer(const Arrival& arrival);
  /// Ends silent sessions.
  void expire(std::int64_t now_ns) { sessions_.expire(now_ns); }

  ReflectReport report() const;

 private:
  struct Key {
    Endpoint sender;
    std::uint16_t session = 0;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept;
  };
  struct AddressHash {
    std::size_t operator()(const Endpoint& address) const noexcept;
  };
  struct Session {
    SequenceWindow sequences;
    std::uint32_t next = 0;  // the number of the next answer
    std::uint64_t received = 0, limited = 0;
    std::int64_t first_ns = 0, last_ns = 0;
  };

  bool echoes_an_answer(const Arrival& arrival, const Session& session) const;

  ReflectOptions options_;
  std::uint16_t port_;
  stamp::ErrorEstimate error_;
  ReflectReport counts_;
  BoundedTable<Key, Session, KeyHash> sessions_;
  BoundedTable<Endpoint, TokenBucket, AddressHash> senders_;  // port 0: by address
  TokenBucket total_;
};

}  // namespace tscope
