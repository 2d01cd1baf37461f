// BrokerState: what every handler may use. Its parts are thread-safe; the struct itself never
// changes once the broker runs.
#pragma once

#include "broker/broker_config.h"
#include "broker/fetching/fetch_sessions.h"
#include "io/env.h"
#include "model/ids.h"
#include "model/uuid.h"

namespace millrace::broker {

class Authorizer;
class ClientQuotaRates;
class GroupService;
class HandlerTable;
class NodeSwitch;
class Nodes;
class ProducerIds;
class RequestCounters;
class SettingsCatalogue;
class TopicCatalogue;
class TransactionService;

struct BrokerState {
  const BrokerConfig& config;
  const Nodes& nodes;
  NodeSwitch& node_switch;
  const Uuid& cluster_id;
  const Uuid& directory_id;
  io::Env& env;
  TopicCatalogue& topics;
  SettingsCatalogue& settings;
  ClientQuotaRates& quotas;
  ProducerIds& producer_ids;
  FetchSessions& fetch_sessions;
  const Authorizer* authorizer;  // never null
  // Deny what other nodes coordinate; asked when there are several.
  const Authorizer* groups_here;
  const Authorizer* transactions_here;
  // All set before the first request, and from then on never null.
  GroupService* groups = nullptr;
  TransactionService* transactions = nullptr;
  const HandlerTable* handlers = nullptr;
  const RequestCounters* requests = nullptr;
};

}  // namespace millrace::broker
