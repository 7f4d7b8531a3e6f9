#include "events/asyncapi.h"

namespace svc::events {
namespace {

OrderedJson reference(const std::string& path) { return {{"$ref", "#/" + path}}; }

}  // namespace

void AsyncApi::add(std::string_view module, const EventInfo& event, OrderedJson data) {
  const std::string type{event.type}, source = source_of(module);
  // The envelope, with what this event has in place of anything.
  auto payload = detail::schema_of_object<Envelope>(schemas_, false);
  payload["properties"]["source"]["const"] = source;
  payload["properties"]["type"]["const"] = type;
  payload["properties"]["dataversion"]["const"] = event.version;
  payload["properties"]["data"] = std::move(data);

  messages_[type] = {{"name", type},
                     {"title", type},
                     {"summary", event.summary},
                     {"contentType", "application/cloudevents+json"},
                     {"tags", {{{"name", module}}}},
                     {"payload", std::move(payload)}};
  auto& channel = channels_[type];
  channel = {{"address", type}, {"description", "Events of one subject come in the order in which they happened"}};
  channel["messages"][type] = reference("components/messages/" + type);
  channel["bindings"]["amqp"] = {
      {"is", "routingKey"},
      {"exchange",
       {{"name", "svc.events"}, {"type", "topic"}, {"durable", true}, {"autoDelete", false}, {"vhost", "/"}}},
      {"bindingVersion", "0.3.0"}};
  operations_["send_" + type] = {{"action", "send"},
                                 {"summary", event.summary},
                                 {"tags", {{{"name", module}}}},
                                 {"channel", reference("channels/" + type)},
                                 {"messages", {reference("channels/" + type + "/messages/" + type)}}};
}

std::string AsyncApi::print() const {
  OrderedJson document{{"asyncapi", "3.0.0"}};
  document["info"] = {{"title", "svc"},
                      {"version", "1"},
                      {"description",
                       "What happens to users, items, orders and payments, as CloudEvents 1.0. An event has one "
                       "id, by which who gets it twice knows it again."}};
  document["defaultContentType"] = "application/cloudevents+json";
  document["servers"]["broker"] = {
      {"host", "127.0.0.1:5672"}, {"protocol", "amqp"}, {"description", "RabbitMQ, where --events names one"}};
  document["channels"] = channels_;
  document["operations"] = operations_;
  document["components"]["messages"] = messages_;
  document["components"]["schemas"] = schemas_.named;
  return document.dump(2) + "\n";
}

}  // namespace svc::events
