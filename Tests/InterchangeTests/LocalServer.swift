import Foundation
import Synchronization

/// A small HTTP server on 127.0.0.1 for one test: one connection at a time, GET only, with ranges.
final class LocalServer: Sendable {
    /// How the server treats a file.
    enum Behaviour: Sendable {
        case serve(Data)
        /// Sends the whole file whatever range was asked for.
        case serveWithoutRanges(Data)
        /// Promises the whole file, hangs up after so many bytes.
        case hangUp(Data, after: Int)
        case status(Int)
    }

    private let socket: Int32
    let port: UInt16
    private let files: [String: Behaviour]
    private let log = Mutex<[String]>([])

    init(_ files: [String: Behaviour]) {
        self.files = files
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let socket = socket
        let bound = withUnsafeMutableBytes(of: &address) { bytes -> Bool in
            let pointer = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            return bind(socket, pointer, size) == 0 && listen(socket, 8) == 0 && getsockname(socket, pointer, &size) == 0
        }
        precondition(bound, "no port on 127.0.0.1")
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(socket, nil, nil)
                guard connection >= 0, let self else { break }
                self.answer(connection)
                close(connection)
            }
            close(socket)
        }
    }

    deinit { shutdown(socket, Int32(SHUT_RDWR)) }

    var address: String { "http://127.0.0.1:\(port)" }

    /// The requests so far: the path and, where asked for, the first byte.
    var requests: [String] { log.withLock { $0 } }

    private func answer(_ connection: Int32) {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !text.contains("\r\n\r\n") {
            let count = recv(connection, &buffer, buffer.count, 0)
            if count <= 0 { return }
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
        let path = text.split(separator: " ").dropFirst().first.map(String.init) ?? ""
        let range = text.split(separator: "\r\n").first { $0.lowercased().hasPrefix("range: bytes=") }
        let start = range.flatMap { Int($0.dropFirst("range: bytes=".count).prefix { $0.isNumber }) }
        log.withLock { $0.append(path + (start.map { " from \($0)" } ?? "")) }
        switch files[path] ?? .status(404) {
        case .serve(let data):
            if let start, start < data.count {
                let head = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes \(start)-\(data.count - 1)/\(data.count)\r\n"
                send(connection, head, data.dropFirst(start), promised: data.count - start)
            } else {
                send(connection, "HTTP/1.1 200 OK\r\n", data, promised: data.count)
            }
        case .serveWithoutRanges(let data): send(connection, "HTTP/1.1 200 OK\r\n", data, promised: data.count)
        case .hangUp(let data, let count): send(connection, "HTTP/1.1 200 OK\r\n", data.prefix(count), promised: data.count)
        case .status(let status): send(connection, "HTTP/1.1 \(status) No\r\n", Data(), promised: 0)
        }
    }

    private func send(_ connection: Int32, _ head: String, _ body: Data, promised: Int) {
        var rest = Data("\(head)Content-Length: \(promised)\r\nConnection: close\r\n\r\n".utf8) + body
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if sent <= 0 { return }
            rest = rest.dropFirst(sent)
        }
    }
}
