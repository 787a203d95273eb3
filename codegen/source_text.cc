#include <google/protobuf/descriptor.pb.h>

#include "generator.h"
#include "method_options.h"
#include "signature.h"

namespace weft::codegen {

namespace {

std::string_view KindName(MethodKind kind) {
  switch (kind) {
    case MethodKind::kUnary:
      return "kUnary";
    case MethodKind::kServerStream:
      return "kServerStream";
    case MethodKind::kClientStream:
      return "kClientStream";
    case MethodKind::kBidi:
      return "kBidi";
  }
  return "";
}

std::string Row(const ServiceModel& service, size_t index) {
  return service.table + "[" + std::to_string(index) + "]";
}

void WriteMethodTable(CodeWriter& out, const FileModel& file, const ServiceModel& service) {
  out.Line("template <typename Message>");
  out.Line("const " + file.google + "::protobuf::MessageLite& " + service.prototype + "() {");
  out.Line("  return Message::default_instance();");
  out.Line("}");
  out.Line();
  out.Line("constexpr " + file.weft + "::MethodInfo " + service.table + "[] = {");
  out.Indent();
  out.Indent();
  for (const MethodModel& method : service.methods) {
    const bool pure = method.descriptor->options().idempotency_level() ==
                      google::protobuf::MethodOptions::NO_SIDE_EFFECTS;
    std::vector<std::string> row = {
        "\"" + method.path + "\"",
        file.weft + "::MethodKind::" + std::string(KindName(method.kind)),
        "&" + service.prototype + "<" + method.request + ">",
        "&" + service.prototype + "<" + method.reply + ">",
        std::string("/*no_side_effects=*/") + (pure ? "true" : "false")};
    for (std::string& item : MethodOptionItems(file, method)) row.push_back(std::move(item));
    out.Row(row);
  }
  out.Outdent();
  out.Outdent();
  out.Line("};");
  out.Line();
}

// The function of the table's row: from the untyped call to the typed member.
void WriteHandler(CodeWriter& out, const FileModel& file, const ServiceModel& service,
                  const MethodModel& method, bool blocking) {
  const Signature s = blocking ? BlockingHandler(file, method) : CoroutineHandler(file, method);
  out.Call(s.result + " " + (blocking ? method.blocking_handler : method.handler),
           {file.weft + "::Service& service", file.weft + "::internal::HandlerArgs& args"}, " {");
  const std::string request = "static_cast<const " + method.request + "&>(args.request())";
  const std::string reply = "static_cast<" + method.reply + "&>(args.reply())";
  const std::string stream = "args.stream<" + HandlerStream(file, method, blocking) + ">()";
  std::vector<std::string> args = {"args.context()"};
  switch (method.kind) {
    case MethodKind::kUnary:
      args.insert(args.end(), {request, reply});
      break;
    case MethodKind::kServerStream:
      args.insert(args.end(), {request, stream});
      break;
    case MethodKind::kClientStream:
      args.insert(args.end(), {stream, reply});
      break;
    case MethodKind::kBidi:
      args.push_back(stream);
      break;
  }
  out.Indent();
  out.Call("return static_cast<" + service.name +
               (blocking ? "::BlockingService&>(service)." : "::Service&>(service).") + method.name,
           args, ";");
  out.Outdent();
  out.Line("}");
  out.Line();
}

void WriteServiceBodies(CodeWriter& out, const FileModel& file, const ServiceModel& service,
                        bool blocking) {
  const std::string scope = service.name + (blocking ? "::BlockingService" : "::Service");
  for (size_t i = 0; i < service.methods.size(); ++i) {
    const MethodModel& method = service.methods[i];
    const Signature s = blocking ? BlockingHandler(file, method) : CoroutineHandler(file, method);
    out.Call(s.result + " " + scope + "::" + method.name, s.types, " {");
    out.Line("  return " + file.weft +
             (blocking ? "::UnimplementedStatus(" : "::UnimplementedTask(") + Row(service, i) +
             ");");
    out.Line("}");
    out.Line();
  }
  out.Line(file.absl + "::Span<const " + file.weft + "::Method> " + scope + "::methods() const {");
  if (service.methods.empty()) {
    out.Line("  return {};");
  } else {
    out.Indent();
    out.Line("static constexpr " + file.weft + "::Method kMethods[] = {");
    for (size_t i = 0; i < service.methods.size(); ++i) {
      const MethodModel& method = service.methods[i];
      out.Line(
          "    {&" + Row(service, i) + ", " +
          (blocking ? "nullptr, &" + method.blocking_handler : "&" + method.handler + ", nullptr") +
          "},");
    }
    out.Line("};");
    out.Line("return kMethods;");
    out.Outdent();
  }
  out.Line("}");
  out.Line();
}

void WriteStubBodies(CodeWriter& out, const FileModel& file, const ServiceModel& service) {
  for (size_t i = 0; i < service.methods.size(); ++i) {
    const MethodModel& method = service.methods[i];
    for (const Signature& s : StubCalls(file, method)) {
      const bool with_context = !s.names.empty() && s.names.front() == "context";
      const bool into = !s.names.empty() && s.names.back() == "reply";
      std::string start;
      switch (method.kind) {
        case MethodKind::kUnary:
          start = "StartUnary";
          break;
        case MethodKind::kServerStream:
          start = "StartServerStream";
          break;
        case MethodKind::kClientStream:
          start = "StartClientStream";
          break;
        case MethodKind::kBidi:
          start = "StartBidi";
          break;
      }
      std::vector<std::string> args = {Row(service, i), with_context ? "&context" : "nullptr"};
      if (!method.descriptor->client_streaming()) args.push_back("request");
      out.Call(s.result + " " + service.name + "::Stub::" + method.name, s.Named(), " const {");
      out.Indent();
      out.Call("return " + s.result + "(" + start, args, into ? ", reply);" : ");");
      out.Outdent();
      out.Line("}");
      out.Line();
    }
  }
}

}  // namespace

std::string SourceText(const FileModel& file) {
  CodeWriter out;
  WriteBanner(out, file);
  out.Line("#include \"" + file.base + ".weft.h\"");
  if (file.services.empty()) return out.text();
  out.Line();
  OpenNamespace(out, file);
  for (const ServiceModel& service : file.services) {
    if (!service.methods.empty()) {
      out.Line("namespace {");
      out.Line();
      WriteMethodTable(out, file, service);
      for (const MethodModel& method : service.methods) {
        WriteHandler(out, file, service, method, false);
        WriteHandler(out, file, service, method, true);
      }
      out.Line("}  // namespace");
      out.Line();
    }
    WriteServiceBodies(out, file, service, false);
    WriteServiceBodies(out, file, service, true);
    WriteStubBodies(out, file, service);
  }
  CloseNamespace(out, file);
  return out.text();
}

}  // namespace weft::codegen
