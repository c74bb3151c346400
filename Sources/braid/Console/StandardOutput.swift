import Foundation
import Synchronization

/// Standard output: the one place that writes it.
///
/// What is printed is collected and written in large pieces; where a terminal shows it, after every line. What cannot be written is an
/// error: the first failure is told at once, and the exit status is 1. A reader that goes away, such as `head`, is none: nothing more is
/// written, and nothing is said. In both cases the command ends, unless it makes more than its output (`outlivesItsReader`).
enum StandardOutput {
    private struct State {
        var buffer: [UInt8] = []
        /// The system's number of what went wrong first.
        var failure: Int32?
        var outlivesItsReader = false
    }

    private static let state = Mutex(State())
    private static let isTerminal = isatty(STDOUT_FILENO) == 1
    private static let pieceCount = 1 << 16

    /// Says that the command goes on though nobody reads what it prints: it writes files, or its exit status is an answer.
    static func outlivesItsReader() { state.withLock { $0.outlivesItsReader = true } }

    /// Prints bytes as they are.
    static func write(_ bytes: some Collection<UInt8>) {
        handle(
            state.withLock { state -> Int32? in
                if state.failure != nil { return nil }
                state.buffer.append(contentsOf: bytes)
                let isDue = isTerminal ? bytes.contains(UInt8(ascii: "\n")) : state.buffer.count >= pieceCount
                return isDue ? send(&state) : nil
            })
    }

    /// Sends what was printed on its way.
    static func flush() { handle(state.withLock { state -> Int32? in send(&state) }) }

    /// Sends the rest on its way, at the end of the process.
    ///
    /// - Parameter status: the exit status that the command itself has.
    /// - Returns: the exit status: 1 where the command was successful, but its output was not.
    static func finish(_ status: Int32) -> Int32 {
        flush()
        // Some file systems tell only now that they cannot keep what they took.
        let isClosed = close(STDOUT_FILENO) == 0 || errno == EBADF
        let code = errno
        handle(
            state.withLock { state -> Int32? in
                if isClosed || state.failure != nil { return nil }
                state.failure = code
                return code
            })
        guard let failure = state.withLock({ $0.failure }), failure != EPIPE else { return status }
        return status == 0 ? 1 : status
    }

    /// Writes the buffer; returns what went wrong, where something did for the first time.
    private static func send(_ state: inout State) -> Int32? {
        defer { state.buffer.removeAll(keepingCapacity: true) }
        if state.failure != nil { return nil }
        state.failure = state.buffer.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = Foundation.write(STDOUT_FILENO, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written > 0 {
                    rest = rest.dropFirst(written)
                } else if written < 0, errno == EAGAIN || errno == EWOULDBLOCK {
                    // Someone who shares the terminal or pipe asked for writes that do not wait.
                    var ready = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
                    poll(&ready, 1, -1)
                } else if written == 0 || errno != EINTR {
                    return written == 0 ? ENOSPC : errno
                }
            }
            return nil
        }
        return state.failure
    }

    private static func handle(_ failure: Int32?) {
        guard let failure else { return }
        let isReaderGone = failure == EPIPE
        if !isReaderGone {
            _ = Failure.report("standard output cannot be written (\(String(cString: strerror(failure))))", help: nil)
        }
        if !state.withLock({ $0.outlivesItsReader }) { exit(isReaderGone ? 0 : 1) }
    }
}

/// Prints as Swift's function of the same name does, to `StandardOutput`.
func print(_ items: Any..., separator: String = " ", terminator: String = "\n") {
    StandardOutput.write(Array((items.map { "\($0)" }.joined(separator: separator) + terminator).utf8))
}
