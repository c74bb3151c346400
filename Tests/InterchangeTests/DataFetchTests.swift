import Foundation
import Interchange
import Testing

@Suite struct DataFetchTests {
    private let folder = TemporaryFolder()
    private let content = Data((0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) })

    private func dataset(_ names: String...) -> RemoteDataset {
        let digest = SHA256.hexadecimal(content)
        return RemoteDataset(name: "test", files: names.map { RemoteFile(name: $0, size: content.count, sha256: digest) }, mirrors: [])
    }

    private func fetch(_ dataset: RemoteDataset, _ mirrors: String...) throws -> [String] {
        var events: [String] = []
        let fetch = DataFetch(to: folder("to"), timeout: 10) { event in
            switch event {
            case .kept(let file): events.append("kept \(file.name)")
            case .fetched(let file): events.append("fetched \(file.name)")
            case .failed: events.append("failed")
            case .received(_, let bytes): #expect(bytes <= content.count)
            }
        }
        try fetch.fetch(dataset, mirrors: mirrors)
        return events
    }

    @Test func fetchesAndKeeps() throws {
        let server = LocalServer(["/m/a": .serve(content), "/m/b": .serve(content)])
        #expect(try fetch(dataset("a", "b"), "\(server.address)/m/") == ["fetched a", "fetched b"])
        #expect(try InputFile.read(folder("to/a")) == content)
        try AtomicFile.write(Data([1]), to: folder("to/b"))
        #expect(try fetch(dataset("a", "b"), "\(server.address)/m") == ["kept a", "fetched b"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder("to")).sorted() == ["a", "b"])
        #expect(server.requests == ["/m/a", "/m/b", "/m/b"])
    }

    @Test func continuesAfterAHangUp() throws {
        let first = LocalServer(["/a": .hangUp(content, after: 100_000)])
        checkFailure("run the command again: it goes on from there") { _ = try fetch(dataset("a"), first.address) }
        let begun = try InputFile.read(folder("to/a.part"))
        #expect(!begun.isEmpty && content.starts(with: begun))
        let second = LocalServer(["/a": .serve(content)])
        #expect(try fetch(dataset("a"), second.address) == ["fetched a"])
        #expect(second.requests == ["/a from \(begun.count)"])
        #expect(try InputFile.read(folder("to/a")) == content)
    }

    @Test func startsOverWhereItMust() throws {
        try FileManager.default.createDirectory(atPath: folder("to"), withIntermediateDirectories: true)
        let server = LocalServer(["/a": .serve(content), "/b": .serveWithoutRanges(content)])
        // A damaged beginning, a server without ranges, and a part that is too long.
        try AtomicFile.write(Data(count: 1000), to: folder("to/a.part"))
        try AtomicFile.write(content.prefix(1000), to: folder("to/b.part"))
        #expect(try fetch(dataset("a", "b"), server.address) == ["fetched a", "fetched b"])
        #expect(server.requests == ["/a from 1000", "/a", "/b from 1000"])
        try FileManager.default.removeItem(atPath: folder("to/a"))
        try AtomicFile.write(Data(count: content.count + 1), to: folder("to/a.part"))
        #expect(try fetch(dataset("a"), server.address) == ["fetched a"])
        #expect(try InputFile.read(folder("to/a")) == content)
    }

    @Test func takesTheNextMirror() throws {
        let bad = LocalServer(["/a": .serve(content.dropLast() + [0])]), good = LocalServer(["/a": .serve(content)])
        #expect(try fetch(dataset("a"), bad.address, "http://127.0.0.1:1", good.address) == ["failed", "failed", "fetched a"])
    }

    @Test func explainsFailures() throws {
        let server = LocalServer([
            "/a": .serve(content.dropLast() + [0]), "/b": .status(503), "/c": .serve(content + [0]), "/d": .serve(Data([1])),
        ])
        checkFailure("the file has the SHA-256") { _ = try fetch(dataset("a"), server.address) }
        checkFailure("status 503") { _ = try fetch(dataset("b"), server.address) }
        checkFailure("more than 300000 bytes") { _ = try fetch(dataset("c"), server.address) }
        checkFailure("ended after 1 of 300000 bytes") { _ = try fetch(dataset("d"), server.address) }
        checkFailure("no such file (404)") { _ = try fetch(dataset("e"), server.address) }
        checkFailure("check the network") { _ = try fetch(dataset("a"), "http://127.0.0.1:1") }
        checkFailure("this is no http or https address") { _ = try fetch(dataset("a"), "file:///tmp") }
        checkFailure("no mirror is known") { _ = try fetch(dataset("a")) }
        checkFailure("the folder cannot be made") { try DataFetch(to: "/dev/null/x").fetch(dataset("a"), mirrors: [server.address]) }
    }

    @Test(.enabled(if: SharedData.isPresent, SharedData.whyNot)) func knowsTheRealFiles() throws {
        for dataset in RemoteDataset.all {
            for file in dataset.files {
                let path = "\(SharedData.path)/\(dataset.name)/\(file.name)"
                #expect(try SHA256.hexadecimal(file: path) == file.sha256)
                #expect(try InputFile.read(path).count == file.size)
            }
        }
    }
}
