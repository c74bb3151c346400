import Foundation
import Synchronization

/// Requests to end: Ctrl-C (SIGINT), those of batch systems and containers (SIGTERM), and a terminal that goes away (SIGHUP).
///
/// The first one asks for an orderly end, the second one ends the process at once.
enum Interruption {
    /// What a request is called for people, by its signal.
    private static let signals = [SIGINT: "interrupted", SIGTERM: "terminated", SIGHUP: "hung up"]
    /// The signal that asked for an end; 0 before.
    private static let asked = Atomic<Int32>(0)
    nonisolated(unsafe) private static var sources: [any DispatchSourceSignal] = []

    /// Starts to watch, and returns whether an end was asked for.
    static func watch() -> () -> Bool {
        sources = signals.keys.compactMap { number in
            // Under nohup a training outlives its terminal.
            let before = unsafeBitCast(signal(number, SIG_IGN), to: Int.self)
            if number == SIGHUP, before == unsafeBitCast(SIG_IGN, to: Int.self) { return nil }
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                _ = asked.compareExchange(expected: 0, desired: number, ordering: .relaxed)
                for source in sources { signal(Int32(source.handle), SIG_DFL) }
            }
            return source
        }
        for source in sources { source.resume() }
        return { asked.load(ordering: .relaxed) != 0 }
    }

    /// What happened, for people.
    static var reason: String { signals[asked.load(ordering: .relaxed)] ?? "interrupted" }

    /// Ends the process as the signal would have: with a status of 128 and the signal's number.
    static func end() -> Never {
        let number = asked.load(ordering: .relaxed)
        _ = StandardOutput.finish(0)
        signal(number, SIG_DFL)
        // Whoever started the process may have left the signal blocked.
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, number)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        raise(number)
        // The first process of a container does not die of signals that it leaves alone.
        exit(128 + number)
    }
}
