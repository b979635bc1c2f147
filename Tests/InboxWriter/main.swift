import Glibc
import Inbox
import OTLP

// inbox-writer FILE SEED: appends from four tasks and prints the id of each request once it is
// acknowledged.

let arguments = CommandLine.arguments
guard arguments.count == 3, let seed = UInt64(arguments[2]) else {
    print("usage: inbox-writer FILE SEED")
    exit(64)
}
let inbox = try Inbox(path: arguments[1], configuration: InboxConfiguration(sinks: ["archive"]))

await withTaskGroup(of: Void.self) { group in
    for lane in 0..<4 {
        group.addTask {
            var number = seed &* 4 &+ UInt64(lane)
            while true {
                number = number &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let body = [UInt8](
                    repeating: UInt8(truncatingIfNeeded: number >> 56), count: Int(number >> 48))
                let trace = TraceID(high: 1, low: number >> 60 | 1)
                let run = number >> 40 & 1 == 0 ? nil : RunKey.rollout("r\(number >> 62)")
                let feed = RequestFeeds.Feed(traceID: trace, run: run, spans: 1)
                let request = AcceptedRequest(
                    receivedUnixNano: 1, kind: .traces, mediaType: .protobuf, encoding: .identity,
                    context: .none, feeds: RequestFeeds([feed]), body: body)
                do {
                    let id = try await inbox.append(request)
                    // One write, so that lines of several tasks do not mix and none stays behind.
                    let line = "\(id) \(body.count)\n"
                    guard write(1, line, line.utf8.count) == line.utf8.count else { exit(1) }
                } catch {
                    print("failed: \(error)")
                    exit(1)
                }
            }
        }
    }
}
