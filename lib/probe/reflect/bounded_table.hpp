// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <list>
#include <unordered_map>
#include <utility>

namespace tscope {

/// A map that keeps the entries used last: bounded in number and in the time without use.
template <typename Key, typename Value, typename Hash>
class BoundedTable {
 public:
  BoundedTable(std::size_t size_max, std::int64_t expiry_ns)
      : size_max_(size_max), expiry_ns_(expiry_ns) {}

  /// The key's entry, new if there is none, as used at now_ns.
  Value& at(const Key& key, std::int64_t now_ns) {
    expire(now_ns);
    const auto known = places_.find(key);
    if (known != places_.end()) {
      entries_.splice(entries_.begin(), entries_, known->second);
      entries_.front().used_ns = now_ns;
      return entries_.front().value;
    }
    if (places_.size() >= size_max_) {
      drop_last();
      evicted_++;
    }
    entries_.push_front({key, {}, now_ns});
    places_.emplace(key, entries_.begin());
    return entries_.front().value;
  }

  /// Ends what was not used for the expiry time.
  void expire(std::int64_t now_ns) {
    while (!entries_.empty() && now_ns - entries_.back().used_ns > expiry_ns_) {
      drop_last();
      expired_++;
    }
  }

  /// each(key, value), the one used last first.
  template <typename Each>
  void for_each(Each each) const {
    for (const Entry& entry : entries_) each(entry.key, entry.value);
  }

  std::size_t size() const { return places_.size(); }
  std::uint64_t evicted() const { return evicted_; }
  std::uint64_t expired() const { return expired_; }

 private:
  struct Entry {
    Key key;
    Value value;
    std::int64_t used_ns = 0;
  };

  void drop_last() {
    places_.erase(entries_.back().key);
    entries_.pop_back();
  }

  std::size_t size_max_;
  std::int64_t expiry_ns_;
  std::list<Entry> entries_;
  std::unordered_map<Key, typename std::list<Entry>::iterator, Hash> places_;
  std::uint64_t evicted_ = 0, expired_ = 0;
};

}  // namespace tscope
