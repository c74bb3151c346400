import Foundation

/// Runs a server on two files, as editors start it: one thread reads, the caller's answers.
public enum ServerLoop {
    /// How long nothing must arrive before a changed text is elaborated: keys that are struck in a row cost one elaboration.
    private static let patience = 0.015
    /// How long nothing must arrive before the rules of `braid lint` look at a network, which takes some tenths of a second for large ones.
    private static let lintPatience = 0.4

    /// Serves until the client ends it. Returns whether it did so as the protocol wants.
    ///
    /// - Parameter send: takes a whole message for the client, with its header.
    public static func run(version: String, input: FileHandle = .standardInput, send: @escaping (Data) -> Void) -> Bool {
        let queue = MessageQueue()
        Thread.detachNewThread { receive(input, into: queue) }
        let server = LanguageServer(version: version) { content in send(MessageFraming.frame(content)) }
        while true {
            let silence = server.hasUnpublishedDocuments ? Self.patience : server.hasUnlintedDocuments ? Self.lintPatience : nil
            switch queue.next(patience: silence) {
            case .event(.message(let content)):
                let state = server.receive(content) { queue.takeCancellation(of: $0) }
                if case .ended(let isProper) = state { return isProper }
            case .event(.malformed(let complaint)): server.complainAboutFraming(complaint)
            case .quiet: if server.hasUnpublishedDocuments { server.publishNext() } else { server.lintNext() }
            case .closed: return false
            }
        }
    }

    private static func receive(_ input: FileHandle, into queue: MessageQueue) {
        var framing = MessageFraming()
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            // The system call gives what has come so far; the file handle would wait until the buffer is full.
            let count = read(input.fileDescriptor, &bytes, bytes.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            framing.append(bytes[..<count])
            while let event = framing.next() { queue.add(event) }
        }
        queue.close()
    }
}

/// Messages between the reading and the answering thread.
private final class MessageQueue: @unchecked Sendable {
    enum Arrival {
        case event(MessageFraming.Event)
        /// Nothing came for as long as was to be waited.
        case quiet
        case closed
    }

    /// A client that sends more without reading the answers waits.
    private static let maximumCount = 4096

    // The condition guards all that follows.
    private let condition = NSCondition()
    private var events: [MessageFraming.Event] = []
    private var first = 0
    private var cancelled: Set<RequestID> = []
    private var isClosed = false

    func add(_ event: MessageFraming.Event) {
        condition.lock()
        defer { condition.unlock() }
        if case .message(let content) = event, let id = Self.cancellation(content) {
            // Of a client that takes back what it never asked, only the last are remembered.
            if cancelled.count >= Self.maximumCount { cancelled.removeAll() }
            cancelled.insert(id)
            return
        }
        while events.count - first >= Self.maximumCount { condition.wait() }
        events.append(event)
        condition.broadcast()
    }

    func close() {
        condition.lock()
        isClosed = true
        condition.broadcast()
        condition.unlock()
    }

    /// The next event.
    ///
    /// - Parameter patience: how many seconds of silence are an arrival of their own; nil waits for ever.
    func next(patience: Double?) -> Arrival {
        condition.lock()
        defer { condition.unlock() }
        let deadline = patience.map { Date(timeIntervalSinceNow: $0) }
        while first == events.count {
            if isClosed { return .closed }
            if let deadline {
                if !condition.wait(until: deadline) { return .quiet }
            } else {
                condition.wait()
            }
        }
        let event = events[first]
        first += 1
        if first == events.count || first > 256 {
            events.removeFirst(first)
            first = 0
        }
        condition.broadcast()
        return .event(event)
    }

    /// Whether the request has been taken back; asked once.
    func takeCancellation(of request: Data) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        guard !cancelled.isEmpty, let id = (try? JSONDecoder().decode(Envelope.self, from: request))?.id else { return false }
        return cancelled.remove(id) != nil
    }

    private static func cancellation(_ content: Data) -> RequestID? {
        // Most messages are something else, and a large text need not be read twice.
        guard content.count < 1024, (try? JSONDecoder().decode(Envelope.self, from: content))?.method == "$/cancelRequest" else {
            return nil
        }
        return (try? JSONDecoder().decode(Parameters<CancelParameters>.self, from: content))?.params.id
    }
}
