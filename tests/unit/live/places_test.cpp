// SPDX-License-Identifier: MIT
// One list of places (uapi/places.h): the BPF programs and the tables of docs/design.md have the
// same.
#include "live/places.hpp"

#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "config.h"
#include "tscope.skel.h"

using namespace tscope;

namespace {

using Names = std::set<std::string>;
// Of each vantage point that a table has, by the table's column.
using Table = std::map<std::string, std::vector<Names>>;

std::string section(const HookPlace& place) {
  const std::map<tscope_hook_kind, std::string> prefix{{TSCOPE_HOOK_TRACEPOINT, "tp_btf"},
                                                       {TSCOPE_HOOK_FUNCTION, "fentry"},
                                                       {TSCOPE_HOOK_RETURN, "fexit"}};
  return fmt::format("{}/{}", prefix.at(place.kind), place.name);
}

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, '|');) cells.push_back(cell);
  return cells;
}

Names in_backquotes(const std::string& text) {
  Names names;
  std::istringstream in(text);
  std::string between, name;
  while (std::getline(in, between, '`') && std::getline(in, name, '`')) names.insert(name);
  return names;
}

// Tables whose header begins with "vantage point", without their last column (what is not seen).
std::vector<Table> tables_of_places() {
  std::vector<Table> tables;
  std::ifstream in(TSCOPE_DOCS_DIR "/design.md");
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    const std::vector<std::string> row = cells(line);
    if (line.starts_with("| vantage point |")) {
      inside = true;
      tables.emplace_back();
    } else if (!line.starts_with("|")) {
      inside = false;
    } else if (inside && !line.starts_with("|---")) {
      std::vector<Names> columns;
      for (std::size_t i = 2; i + 1 < row.size(); i++) columns.push_back(in_backquotes(row[i]));
      tables.back()[*in_backquotes(row.at(1)).begin()] = columns;
    }
  }
  return tables;
}

// A vantage point's name in a cell stands for all of its places.
Names spelled_out(const Names& names, const Table& table, std::size_t column) {
  Names result;
  for (const std::string& name : names) {
    if (const auto other = table.find(name); other != table.end()) {
      result.merge(Names(other->second.at(column)));
    } else {
      result.insert(name);
    }
  }
  return result;
}

// The places of the list whose records these protocols' tables tell of.
std::map<std::string, Names> listed(std::uint8_t protocols) {
  std::map<std::string, Names> names;
  for (const HookPlace& place : places) {
    if (place.need == TSCOPE_COUNTER || (place.protocols & protocols) == 0) continue;
    names[std::string(vantage_name(place.vantage))].insert(place.name);
  }
  return names;
}

std::map<std::string, Names> column_of(const Table& table, std::size_t column) {
  std::map<std::string, Names> names;
  for (const auto& [vantage, columns] : table) {
    names[vantage] = spelled_out(columns.at(column), table, column);
  }
  return names;
}

}  // namespace

TEST(Places, EachHasAProgramAndNoProgramIsElsewhere) {
  // The first two stamp nothing: they tell of a soft interrupt. The third is for older kernels,
  // where the function has another argument.
  std::map<std::string, std::string> wanted{{"softirq_entry", "tp_btf/softirq_entry"},
                                            {"softirq_exit", "tp_btf/softirq_exit"},
                                            {"tcp_recvmsg_nonblock", "fexit/tcp_recvmsg"}};
  for (const HookPlace& place : places) wanted[place.id] = section(place);
  tscope_bpf* skeleton = tscope_bpf__open();
  ASSERT_NE(skeleton, nullptr) << std::strerror(errno);
  std::map<std::string, std::string> programs;
  std::vector<std::string> in_order;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton->obj) {
    programs[bpf_program__name(program)] = bpf_program__section_name(program);
    in_order.emplace_back(bpf_program__name(program));
  }
  tscope_bpf__destroy(skeleton);
  EXPECT_EQ(programs, wanted);
  // In the order in which they are attached: the others' records say what these two found.
  ASSERT_GE(in_order.size(), 2);
  EXPECT_EQ(in_order[0], "softirq_exit");
  EXPECT_EQ(in_order[1], "softirq_entry");
}

TEST(Places, EveryVantagePointIsStampedAndItsLackTold) {
  for (unsigned i = 0; i < TSCOPE_VANTAGES; i++) {
    EXPECT_TRUE(std::ranges::any_of(places, [&](const HookPlace& place) {
      return place.vantage_number() == i && place.need != TSCOPE_OPTIONAL &&
             place.need != TSCOPE_COUNTER;
    })) << vantage_name(static_cast<Vantage>(i));
  }
}

TEST(Places, NamesFitIntoTheHookOfTheAbi) {
  for (const HookPlace& place : places) {
    EXPECT_LT(std::strlen(place.name), sizeof(tscope_hook::name)) << place.name;
  }
}

TEST(Places, APollIsCountedForWhoeverMayBeStampedWithinIt) {
  for (const HookPlace& place : places) {
    const std::uint32_t own = 1U << place.vantage_number();
    EXPECT_EQ(place.serves() == own, std::string(place.id) != "napi_poll") << place.id;
    EXPECT_NE(place.serves() & own, 0) << place.id;
  }
}

TEST(Places, AreThoseOfTheDocs) {
  const std::vector<Table> tables = tables_of_places();
  ASSERT_EQ(tables.size(), 2);
  EXPECT_EQ(column_of(tables[0], 0), listed(TSCOPE_PROTO_TCP));
  // What serves every protocol is in the first table alone.
  for (const auto& [column, protocol] :
       {std::pair(0, TSCOPE_PROTO_UDP), std::pair(1, TSCOPE_PROTO_ICMP)}) {
    std::map<std::string, Names> own;
    for (const HookPlace& place : places) {
      if (place.protocols == protocol)
        own[std::string(vantage_name(place.vantage))].insert(place.name);
    }
    EXPECT_EQ(column_of(tables[1], column), own);
  }
}
