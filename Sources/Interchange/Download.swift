import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// One HTTP download into a file, continued from where the file ends.
struct Download {
    private let address: String
    private let request: URLRequest
    private let file: FileHandle
    private let start: Int
    private let largest: Int

    /// Opens `path` and asks for the bytes from `start` on; more than `largest` in all are refused.
    init(_ address: String, appendingTo path: String, from start: Int, largest: Int, timeout: TimeInterval) throws(InterchangeError) {
        guard let url = URL(string: address), ["http", "https"].contains(url.scheme?.lowercased()), url.host != nil else {
            throw InterchangeError(address, "this is no http or https address", repair: "name a mirror like https://example.org/mnist")
        }
        var request = URLRequest(url: url, cachePolicy: .reloadIgnoringLocalCacheData, timeoutInterval: timeout)
        // The files are compressed already, and a range counts the bytes as they are sent.
        request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
        if start > 0 { request.setValue("bytes=\(start)-", forHTTPHeaderField: "Range") }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw InterchangeError(path, "the file cannot be written (\(lastSystemError()))", repair: "check the folder's permissions")
        }
        self.address = address
        self.request = request
        self.start = start
        self.largest = largest
        file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// Runs to the end; `report` gets the number of bytes that are there, on the calling thread.
    func run(_ report: (Int) -> Void) throws(InterchangeError) {
        let transfer = Transfer()
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = request.timeoutInterval
        let session = URLSession(configuration: configuration, delegate: transfer, delegateQueue: nil)
        defer { session.invalidateAndCancel() }
        let task = session.dataTask(with: request)
        task.resume()
        var written = start
        while true {
            switch transfer.next() {
            case .response(let status, let contentRange):
                do throws(InterchangeError) {
                    written = try begin(status: status, contentRange: contentRange)
                } catch {
                    task.cancel()
                    throw error
                }
            case .data(let data):
                guard written + data.count <= largest else {
                    task.cancel()
                    throw InterchangeError(
                        address, "the file has more than \(largest) bytes", repair: "name another mirror with --mirror URL")
                }
                do { try file.write(contentsOf: data) } catch {
                    task.cancel()
                    let reason = (error as NSError).localizedDescription
                    throw InterchangeError(
                        address, "what arrives cannot be written (\(reason))", repair: "check the free space of the disk")
                }
                written += data.count
                report(written)
            case .end(let failure):
                if let failure {
                    throw InterchangeError(
                        address, "the transfer failed after \(written) bytes (\(failure))",
                        repair: "check the network and run the command again: it goes on from there")
                }
                if written < largest {
                    throw InterchangeError(
                        address, "the transfer ended after \(written) of \(largest) bytes",
                        repair: "run the command again: it goes on from there")
                }
                do { try file.synchronize() } catch {
                    throw InterchangeError(address, "what arrived cannot be written", repair: "check the free space of the disk")
                }
                return
            }
        }
    }

    /// Positions the file for the response; returns how many of its bytes stay.
    private func begin(status: Int, contentRange: String?) throws(InterchangeError) -> Int {
        let kept: Int
        switch status {
        case 206 where contentRange?.hasPrefix("bytes \(start)-") == true: kept = start
        // Servers that know no ranges send the whole file.
        case 200: kept = 0
        case 404: throw InterchangeError(address, "the server has no such file (404)", repair: "check the mirror's address")
        default:
            throw InterchangeError(address, "the server answers with status \(status)", repair: "name another mirror with --mirror URL")
        }
        do {
            try file.truncate(atOffset: UInt64(kept))
            try file.seek(toOffset: UInt64(kept))
        } catch {
            throw InterchangeError(address, "the unfinished file cannot be written", repair: "check the folder's permissions")
        }
        return kept
    }
}

/// Hands a session's callbacks to the thread that waits for them.
private final class Transfer: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    enum Event {
        case response(status: Int, contentRange: String?)
        case data(Data)
        case end(failure: String?)
    }

    /// Guards `events`, the callbacks not yet taken.
    private let condition = NSCondition()
    private var events: [Event] = []

    /// Waits for the next callback.
    func next() -> Event {
        condition.lock()
        defer { condition.unlock() }
        while events.isEmpty { condition.wait() }
        return events.removeFirst()
    }

    private func append(_ event: Event) {
        condition.lock()
        events.append(event)
        condition.signal()
        condition.unlock()
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
    ) {
        let http = response as? HTTPURLResponse
        append(.response(status: http?.statusCode ?? 0, contentRange: http?.value(forHTTPHeaderField: "Content-Range")))
        completionHandler(.allow)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) { append(.data(data)) }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        append(.end(failure: error.map { ($0 as NSError).localizedDescription }))
    }
}
