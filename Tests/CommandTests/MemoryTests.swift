import Foundation
import Interchange
import Testing

/// What `braid run` takes of memory, and what it shares with others at the same time.
@Suite struct MemoryTests {
    private let workplace: Workplace

    init() throws {
        workplace = try Workplace()
        try workplace.writeTinyTraining()
    }

    @Test func runReportsItsMemory() throws {
        let picture = HostTensor(shape: [2, 1, 28, 28], floats: (0..<2 * 784).map { Float($0 % 7) / 7 })
        try NumPy.write(picture, to: workplace.path("x.npy"))
        let record = try workplace.run("run", "tiny.braid", "--input", "x.npy", "--json").json()
        let peak = try #require(record["peak_rss_mb"] as? Double)
        #expect(peak > 10 && peak < 10_000)
        let outputs = try #require(record["outputs"] as? [[String: Any]])
        #expect(outputs.first?["shape"] as? [Int] == [2, 10])
    }

    /// Weights are resident once, whether they are used as they are in the file or folded: neither the file nor a copy counts beside them.
    @Test(arguments: ["linear(4096)", "linear(4096, bias: false) |> n: batchnorm"]) func weightsAreResidentOnce(layer: String) throws {
        func peak(_ width: Int) throws -> Double {
            try workplace.write(
                """
                network wide() {
                    input x: f32[N, \(width)]
                    output y = x |> a: \(layer)
                }
                """, to: "wide.braid")
            var tensors = [HostTensor(name: "a.weight", shape: [4096, width], floats: [Float](repeating: 1, count: 4096 * width))]
            for name in layer.contains("batchnorm") ? ["n.weight", "n.bias", "n.running_mean", "n.running_var"] : ["a.bias"] {
                tensors.append(HostTensor(name: name, shape: [4096], floats: [Float](repeating: 1, count: 4096)))
            }
            try Safetensors.write(tensors, to: workplace.path("wide.safetensors"))
            try NumPy.write(HostTensor(shape: [1, width], floats: [Float](repeating: 1, count: width)), to: workplace.path("x.npy"))
            let result = try workplace.run("run", "wide.braid", "--weights", "wide.safetensors", "--input", "x.npy", "--json")
            return try #require(try result.json()["peak_rss_mb"] as? Double, "\(result.errors)")
        }
        // 128 MiB of weights more, which at the end take the place of what compiling needed.
        let (small, large) = (try peak(16), try peak(8208))
        #expect(large > 128 && large - small < 128 * 1.1, "\(small) and \(large) MiB")
    }

    /// Small files that stand for 256 MiB in what no pixel is made of: texts, a colour profile, rows behind the last.
    @Test func packedBytesThatAreNotNeededStayPacked() throws {
        let count = 256 << 20
        // Gzip's content without its header and checksum is the deflated stream, which zlib's format has a header and sum of its own around.
        let deflated = Gzip.compress([UInt8](repeating: 0, count: count)).dropFirst(10).dropLast(8)
        let sum = UInt32(count % 65521) << 16 | 1
        let packed = [0x78, 0x9c] + deflated + withUnsafeBytes(of: sum.bigEndian) { Array($0) }
        func bytes(_ value: Int) -> [UInt8] { withUnsafeBytes(of: UInt32(value).bigEndian) { Array($0) } }
        func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
            let named = Array(name.utf8) + content
            var sum = UInt32.max
            for byte in named {
                sum ^= UInt32(byte)
                for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xedb8_8320 : sum >> 1 }
            }
            return bytes(content.count) + named + bytes(Int(~sum))
        }
        let plain = Image(width: 28, height: 28, channels: 1).encodedPNG()
        func peak(_ file: [UInt8]) throws -> Double {
            try Data(file).write(to: URL(filePath: workplace.path("x.png")))
            let result = try workplace.run("run", "tiny.braid", "--input", "x.png", "--json")
            return try #require(try result.json()["peak_rss_mb"] as? Double, "\(result.errors)")
        }
        let usual = try peak(plain)
        for (name, content) in [
            ("iCCP", Array("profile".utf8) + [0, 0] + packed), ("zTXt", Array("Comment".utf8) + [0, 0] + packed),
            ("iTXt", Array("Comment".utf8) + [0, 1, 0, 0, 0] + packed),
        ] {
            #expect(try peak(plain[..<33] + chunk(name, content) + plain[33...]) < usual + 40, "\(name)")
        }
        #expect(try peak(plain[..<33] + chunk("IDAT", packed) + chunk("IEND", [])) < usual + 40, "IDAT")
    }

    /// Processes that fill one cache at the same time, and one that finds it full, compute the same.
    @Test func processesShareACache() throws {
        let picture = HostTensor(shape: [1, 1, 28, 28], floats: (0..<784).map { Float($0 % 11) / 11 })
        try NumPy.write(picture, to: workplace.path("x.npy"))
        func start(_ number: Int) throws -> Process {
            let (process, _, _) = workplace.process(["run", "tiny.braid", "--input", "x.npy", "--output-dir", "out\(number)"])
            process.environment?["BRAID_CACHE"] = workplace.path("cache")
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            return process
        }
        let first = try (0..<3).map { try start($0) }
        first.forEach { $0.waitUntilExit() }
        let last = try start(3)
        last.waitUntilExit()
        #expect((first + [last]).allSatisfy { $0.terminationStatus == 0 })
        let results = try (0..<4).map { try workplace.bytes("out\($0)/logits.npy") }
        #expect(results.allSatisfy { $0 == results[0] })
        let entries = try FileManager.default.contentsOfDirectory(atPath: workplace.path("cache"))
        #expect(!entries.isEmpty && entries.allSatisfy { $0.hasSuffix(".o") || $0 == "CACHEDIR.TAG" })
    }

    /// A file of weights that another process cuts off is a mistake of the user, not a crash.
    @Test func weightsThatAreCutOffAreReported() throws {
        let picture = HostTensor(shape: [1, 1, 28, 28], floats: [Float](repeating: 0, count: 784))
        try NumPy.write(picture, to: workplace.path("x.npy"))
        try Safetensors.write([HostTensor(name: "fc.bias", shape: [10], floats: [Float](repeating: 0, count: 10))], to: workplace.path("w"))
        truncate(workplace.path("w"), 90)
        let result = try workplace.run("run", "tiny.braid", "--input", "x.npy", "--weights", "w")
        #expect(result.status == 1 && result.errors.contains("the file"), "\(result.errors)")
    }
}
