import ArgumentParser
import LoopNest
import Compiler
import Foundation
import Machine

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Shows the version, and what Braid finds on this machine.",
        discussion: """
            EXAMPLES
              braid version
              braid version --json
            """)

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func run() throws {
        let record = Record(.host)
        if json { return Console.printJSON(record) }
        var table = Table(("", .left), ("", .left))
        for (name, value) in [
            ("braid", record.version), ("LLVM", record.llvm), ("system", record.system), ("processor", record.processor),
            ("vector units", "\(record.units.joined(separator: ", ")): \(record.lanes) lanes, \(record.vectorRegisters) registers"),
            ("caches", [record.level1Bytes, record.level2Bytes, record.level3Bytes].map(Format.bytes).joined(separator: ", ")),
            ("threads", "\(record.threads)"),
            ("machine code", record.cache ?? "not kept: BRAID_CACHE is 'none'"),
            ("measurements", record.measurements ?? "not kept: BRAID_TUNING or BRAID_CACHE is 'none'"),
        ] { table.add(name, value) }
        print(table.rowsText, terminator: "")
    }

    private struct Record: Encodable {
        var version: String
        var llvm: String
        /// The triple that code is generated for.
        var system: String
        var processor: String
        var units: [String]
        /// Of single precision in a vector.
        var lanes: Int
        var vectorRegisters: Int
        var level1Bytes: Int
        var level2Bytes: Int
        var level3Bytes: Int
        /// How many compute where --threads says nothing.
        var threads: Int
        /// The folders; null where nothing is kept.
        var cache: String?
        var measurements: String?

        /// The units that kernels are made of, as LLVM and as people call them, the best first.
        private static let known = [
            ("avx512f", "AVX-512"), ("avx2", "AVX2"), ("fma", "FMA"), ("f16c", "F16C"), ("avx512vnni", "AVX-512 VNNI"),
            ("avx512bf16", "AVX-512 BF16"), ("amx-tile", "AMX"), ("neon", "NEON"), ("sve", "SVE"), ("sve2", "SVE2"), ("sme", "SME"),
        ]

        init(_ target: Target) {
            version = Version.number
            llvm = Target.codeGeneratorVersion
            system = target.triple
            processor = target.processor
            let features = Set(target.features.split(separator: ",").map(String.init))
            let found = Self.known.filter { features.contains("+" + $0.0) }.map(\.1)
            units = found.isEmpty ? ["none that Braid knows"] : found
            (lanes, vectorRegisters) = (target.lanes, target.vectors.registers)
            (level1Bytes, level2Bytes, level3Bytes) = (target.caches.level1, target.caches.level2, target.caches.level3)
            threads = target.cores
            cache = ObjectCache.standard.map { CacheCommand.path($0.directory) }
            measurements = TuningStore.standard.map { CacheCommand.path($0.directory) }
        }
    }
}
