import LoopNest
import Testing

@testable import Machine

/// What is told to `perf` of where code lies.
@Suite struct CodeMapTests {
    private func multiplying(_ name: String, by factor: Double) -> Kernel {
        let lanes = Target.host.lanes
        let builder = KernelBuilder(name: name, lanes: lanes, taskCount: 2)
        let buffer = builder.parameter("x", count: 2 * lanes, .readWrite)
        let value = builder.load(buffer, builder.task * lanes)
        builder.store(buffer, builder.task * lanes, builder.binary(.multiply, value, builder.constant(factor)))
        return builder.finish()
    }

    /// Of kernels that are linked together each stretch holds its entry, has the kernel's name, and shares no byte with another.
    @Test func stretchesHoldTheirEntries() throws {
        let kernels = [multiplying("first", by: 2), multiplying("second", by: 3)]
        let fingerprints = kernels.map { KernelFingerprint($0, target: .host) }
        let objects = try KernelCompiler(target: .host, cache: nil).generate(Array(zip(kernels, fingerprints)))
        let linker = try Linker()
        for (object, fingerprint) in zip(objects, fingerprints) { try linker.add(object, name: fingerprint.symbol) }
        var stretches: [CodeMap.Stretch] = []
        for (index, fingerprint) in fingerprints.enumerated() {
            let entry = UInt(bitPattern: unsafeBitCast(try linker.entry(fingerprint.symbol), to: Int.self))
            let stretch = try CodeMap.stretch(of: objects[index], entry: entry, symbol: fingerprint.symbol, name: kernels[index].name)
            #expect(stretch.bytes > 16 && (stretch.address..<stretch.address + UInt(stretch.bytes)).contains(entry))
            stretches.append(stretch)
        }
        #expect(stretches.map(\.name) == ["first", "second"])
        stretches.sort { $0.address < $1.address }
        #expect(stretches[0].address + UInt(stretches[0].bytes) <= stretches[1].address)
        #expect(CodeMap.Stretch(address: 0x7f00_1000, bytes: 0x40, name: "conv").line == "7f001000 40 conv\n")
        #expect(throws: MachineError.self) { try CodeMap.stretch(of: objects[0], entry: 0, symbol: "other", name: "other") }
        #expect(throws: MachineError.self) { try CodeMap.stretch(of: [1, 2, 3], entry: 0, symbol: "other", name: "other") }
    }
}
