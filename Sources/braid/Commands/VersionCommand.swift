import ArgumentParser
import Compiler
import Foundation
import LoopNest
import Machine

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Shows the version, and what Braid finds on this machine.",
        discussion: """
            EXAMPLES
              braid version
              braid version --json

            Dot products (multiply-adds beside those of single precision) and tiles are what LLVM and the system say this machine lends.
            The cost model goes by figures that are known of the processor, or of one like it, until `braid tune --machine` measures this one.
            The target is what code is made for where no --target says another: host, unless $BRAID_TARGET is set.
            """)

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func validate() throws { _ = try TargetOption.environment.get() }

    func run() throws {
        let record = Record(.host)
        if json { return Console.printJSON(record) }
        var table = Table(("", .left), ("", .left))
        for (name, value) in [
            ("braid", record.version), ("LLVM", record.llvm), ("system", record.system), ("processor", record.processor),
            ("vector units", "\(record.units.joined(separator: ", ")): \(record.lanes) lanes, \(record.vectorRegisters) registers"),
            ("dot products", Self.list(record.dotProducts.map { "\($0.number) (\($0.instruction), \(Format.scaled($0.rate)) x FMA)" })),
            (
                "tiles",
                record.tiles.map { "\($0.registers) of \($0.rows) rows of \($0.rowBytes) bytes: \(Self.list($0.numbers))" } ?? "none"
            ),
            ("caches", [record.level1Bytes, record.level2Bytes, record.level3Bytes].map(Format.bytes).joined(separator: ", ")),
            ("threads", "\(record.threads)"), ("target", record.target), ("cost model", record.costModelText),
            ("machine code", record.cache ?? "not kept: BRAID_CACHE is 'none'"),
            ("measurements", record.measurements ?? "not kept: BRAID_TUNING or BRAID_CACHE is 'none'"),
        ] { table.add(name, value) }
        print(table.rowsText, terminator: "")
    }

    private static func list(_ words: [String]) -> String { words.isEmpty ? "none" : words.joined(separator: ", ") }

    private struct Record: Encodable {
        struct DotProduct: Encodable {
            var number: String
            var instruction: String
            /// Multiply-adds, over those of single precision in the same time.
            var rate: Double
        }

        struct Tiles: Encodable {
            var registers: Int
            var rows: Int
            var rowBytes: Int
            var numbers: [String]
        }

        var version: String
        var llvm: String
        /// The triple that code is generated for.
        var system: String
        var processor: String
        var units: [String]
        /// Of single precision in a vector.
        var lanes: Int
        var vectorRegisters: Int
        var dotProducts: [DotProduct]
        /// Null where there are none.
        var tiles: Tiles?
        var level1Bytes: Int
        var level2Bytes: Int
        var level3Bytes: Int
        /// How many compute where --threads says nothing.
        var threads: Int
        /// What code is made for where no option says another.
        var target: String
        /// The folders; null where nothing is kept.
        var cache: String?
        var measurements: String?
        /// Whose figures predictions go by: a processor's, or those that were measured here.
        var costModel: String

        var costModelText: String { costModel + (isMeasured ? "" : ", not measured here: see `braid help tune`") }
        private let isMeasured: Bool

        private enum CodingKeys: String, CodingKey {
            case version, llvm, system, processor, units, lanes, vectorRegisters, dotProducts, tiles, level1Bytes, level2Bytes, level3Bytes
            case threads, target, cache, measurements, costModel
        }

        /// The units that kernels are made of, as LLVM and as people call them, the best first.
        private static let known = [
            ("avx512f", "AVX-512"), ("avx2", "AVX2"), ("fma", "FMA"), ("f16c", "F16C"), ("avx512vnni", "AVX-512 VNNI"),
            ("avx512bf16", "AVX-512 BF16"), ("avxvnni", "AVX-VNNI"), ("amx-tile", "AMX"), ("neon", "NEON"), ("dotprod", "DotProd"),
            ("bf16", "BF16"),
            ("sve", "SVE"), ("sve2", "SVE2"), ("sme", "SME"),
        ]

        init(_ target: Target) {
            version = Version.number
            llvm = Target.codeGeneratorVersion
            system = target.triple
            processor = target.processor
            let found = Self.known.filter { target.featureList.contains($0.0) }.map(\.1)
            units = found.isEmpty ? ["none that Braid knows"] : found
            (lanes, vectorRegisters) = (target.lanes, target.vectors.registers)
            (level1Bytes, level2Bytes, level3Bytes) = (target.caches.level1, target.caches.level2, target.caches.level3)
            dotProducts = NarrowNumber.allCases.compactMap { number in
                target.dotProducts[number].map {
                    DotProduct(number: number.rawValue, instruction: $0.instruction.rawValue, rate: $0.rate)
                }
            }
            tiles = target.tiles.map { unit in
                Tiles(
                    registers: unit.registers, rows: unit.rows, rowBytes: unit.rowBytes,
                    numbers: NarrowNumber.allCases.filter(unit.numbers.contains).map(\.rawValue))
            }
            threads = target.cores
            self.target = TargetOption.standard.name
            cache = ObjectCache.standard.map { CacheCommand.path($0.directory) }
            measurements = TuningStore.standard.map { CacheCommand.path($0.directory) }
            costModel = TargetOption.measuredHost.speed.source
            isMeasured = TargetOption.measuredHost.speed != target.speed
        }
    }
}
