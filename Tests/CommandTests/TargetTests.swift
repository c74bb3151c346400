import Foundation
import LoopNest
import Machine
import Testing

/// `--target` and `BRAID_TARGET`: which machine code is made for, on every command that compiles.
@Suite struct TargetTests {
    private let workplace: Workplace
    /// A preset whose code does not run here: that of another family.
    private static let foreign = Target.host.canRun(.aarch64NEON) ? "x86-64-avx2" : "aarch64-neon"
    private static let runnable = ["host", "host,no-tiles", "host,no-dot,no-tiles"] + Target.presets.filter(Target.host.canRun).map(\.name)

    init() throws {
        workplace = try Workplace()
        try workplace.writeTinyTraining()
    }

    private func shell(_ environment: String, _ arguments: String) throws -> CommandResult {
        try workplace.run(line: "\(environment) '\(Workplace.command.path)' \(arguments)")
    }

    private var files: Set<String> { get throws { Set(try FileManager.default.subpathsOfDirectory(atPath: workplace.folder)) } }

    // MARK: What runs here

    @Test(arguments: runnable) func runnableTargetsCompute(target: String) throws {
        let bench = try workplace.run("bench", "tiny.braid", "--runs", "1", "--seconds", "0", "--target", target, "--json")
        #expect(bench.status == 0, "\(bench.errors)")
        let machine = try #require(try bench.json()["machine"] as? [String: Any])
        #expect(machine["target"] as? String == (target == "host" ? nil : try Target.named(target, host: .host).name))
        #expect(machine["lanes"] as? Int == (try Target.named(target, host: .host)).lanes)
        let overfit = try workplace.run("overfit", "tiny.braid", "--quiet", "--target", target, "--steps", "3", "--rate", "0.05")
        #expect(overfit.status == 0, "\(overfit.errors)")
    }

    /// Narrower vectors are another machine's arithmetic, near to this one's.
    @Test func resultsAgree() throws {
        let command = "overfit tiny.braid --steps 3 --rate 0.05 --json"
        func losses(_ environment: String, _ arguments: String) throws -> [Double] {
            try #require(shell(environment, "\(command) \(arguments)").json()["losses"] as? [Double])
        }
        let expected = try losses("", "")
        for target in Self.runnable {
            let found = try losses("", "--target \(target)")
            #expect(found.count == 3 && zip(found, expected).allSatisfy { abs($0 - $1) < 1e-4 * abs($1) }, "\(target): \(found)")
        }
        #expect(try losses("BRAID_TARGET=host,no-dot", "") == losses("", "--target host,no-dot"))
    }

    // MARK: What does not

    @Test(arguments: [
        "run tiny.braid --input x.png --output-dir results",
        "evaluate tiny.braid --weights w.safetensors --data builtin:digits --confusion c.png",
        "train tiny.braid --data builtin:digits --epochs 1 -o out", "overfit tiny.braid", "bench tiny.braid --save b.json",
        "tune tiny.braid", "profile tiny.braid --trace t.json", "explain tiny.braid --kernel any", "diff tiny.braid --with threads=1",
        "bisect tiny.braid -o case", "view tiny.braid --profile -o page.html",
    ])
    func whatDoesNotRunHereIsRefusedFirst(command: String) throws {
        let before = try files
        for (environment, option) in [("", "--target \(Self.foreign)"), ("BRAID_TARGET=\(Self.foreign)", "")] {
            let result = try shell("BRAID_CACHE=cache \(environment)", "\(command) \(option)")
            #expect(result.status == 1 && result.output.isEmpty, "\(command): \(result.output)")
            #expect(result.errors.contains("code for \(Self.foreign) needs an "), "\(result.errors)")
            #expect(result.errors.contains("which this machine has not"), "\(result.errors)")
            #expect(result.errors.contains("= help: name a --target that runs here: host, "), "\(result.errors)")
        }
        #expect(try files == before)
    }

    /// Where a second run has another target, it is asked, too.
    @Test func otherRunsAreRefusedWhereTheyDoNotRun() throws {
        let result = try workplace.run("diff", "tiny.braid", "--with", "target=\(Self.foreign)")
        #expect(result.status == 1 && result.errors.contains("code for \(Self.foreign) needs an "), "\(result.errors)")
    }

    /// Units are asked for one by one, not the width of vectors alone.
    @Test(.enabled(if: Target.host.vectors == .avx512 && Target.host.tiles == nil)) func missingUnitsAreNamed() throws {
        let result = try workplace.run("overfit", "tiny.braid", "--target", "x86-64-amx")
        #expect(result.status == 1 && result.errors.contains("needs ") && result.errors.contains("tiles (amx-tile, amx-bf16, amx-int8)"))
    }

    // MARK: Texts

    @Test(arguments: Target.presets.map(\.name) + ["x86-64-amx,no-tiles", "aarch64-neon-bf16,no-dot"])
    func codeIsPrintedForEveryTarget(target: String) throws {
        let described = try Target.named(target, host: .host)
        let text = try workplace.run("dump", "tiny.braid", "--stage", "llvm", "--target", target)
        #expect(text.status == 0 && text.output.contains("\"target-features\"=\"\(described.features)\""), "\(text.errors)")
        #expect(try shell("BRAID_TARGET=\(target)", "dump tiny.braid --stage llvm").output == text.output)
        let kernels = try workplace.run("dump", "tiny.braid", "--stage", "kernels", "--target", target)
        #expect(kernels.output.contains("lanes \(described.lanes) "))
        let simulated = try workplace.run("bench", "tiny.braid", "--simulate-threads", "1,2", "--target", target)
        #expect(simulated.status == 0, "\(simulated.errors)")
    }

    /// Kernels with tiles are for machines that have them.
    @Test func tilesAreNeededWhereAKernelHasThem() throws {
        let text = """
            kernel product lanes 16 tasks 1 (x: read bf16[512], y: write f32[256]) {
              %0 = zeroTile
              %1 = pairTile x[0 stride 32]
              %2 = tileProduct(%1, %1, %0)
              writeTile %2 to y[0 stride 16]
            }

            """
        try workplace.write(text, to: "product.kernels")
        let code = try workplace.run("dump", "product.kernels", "--stage", "assembly", "--target", "x86-64-amx")
        #expect(code.status == 0 && code.output.contains("tdpbf16ps\t%tmm1, %tmm1, %tmm0"), "\(code.errors)")
        for target in ["x86-64-avx512-bf16", "x86-64-amx,no-tiles", "x86-64-avx2", "aarch64-neon-bf16"] {
            for stage in ["llvm", "assembly", "object"] {
                let result = try workplace.run("dump", "product.kernels", "--stage", stage, "--target", target)
                #expect(result.status == 1 && result.output.isEmpty)
                #expect(result.errors.contains("kernel 'product' needs tiles of bf16, which \(target) has not"), "\(result.errors)")
            }
            #expect(try workplace.run("dump", "product.kernels", "--stage", "kernels", "--target", target).output == text)
        }
    }

    // MARK: Names

    @Test func theOptionComesBeforeTheEnvironment() throws {
        let text = try workplace.run("dump", "tiny.braid", "--stage", "kernels", "--target", "aarch64-neon").output
        #expect(try shell("BRAID_TARGET=x86-64-avx2", "dump tiny.braid --stage kernels --target aarch64-neon").output == text)
        #expect(try shell("BRAID_TARGET=vax", "dump tiny.braid --stage kernels --target aarch64-neon").output == text)
        #expect(
            try shell("BRAID_TARGET=", "dump tiny.braid --stage kernels").output
                == workplace.run("dump", "tiny.braid", "--stage", "kernels").output)
    }

    @Test(arguments: ["run", "evaluate", "train", "overfit", "bench", "tune", "dump"])
    func unknownNamesListWhatThereIs(command: String) throws {
        let arguments =
            [
                "run": " --input x.png", "evaluate": " --weights w --data builtin:digits", "train": " --data builtin:digits",
                "dump": " --stage plan",
            ][command] ?? ""
        let names = (["host"] + Target.presets.map(\.name)).joined(separator: ", ")
        for (environment, option, source) in [("", "--target vax", "--target"), ("BRAID_TARGET=vax", "", "BRAID_TARGET")] {
            let result = try shell(environment, "\(command) tiny.braid\(arguments) \(option)")
            #expect(result.status == 2 && result.output.isEmpty, "\(command): \(result.output)")
            #expect(result.errors.contains("\(source): there is no target 'vax'; there are \(names)"), "\(result.errors)")
        }
        let result = try workplace.run(line: "'\(Workplace.command.path)' \(command) tiny.braid\(arguments) --target host,no-dots")
        #expect(result.status == 2 && result.errors.contains("a target has no restriction 'no-dots'; there are no-tiles, no-dot"))
    }

    // MARK: What is kept

    @Test(.enabled(if: !Target.host.dotProducts.isEmpty)) func restrictedTargetsKeepTheirOwnCodeAndMeasurements() throws {
        func cachedKernels(_ option: String) throws -> Int {
            let result = try shell("BRAID_CACHE=cache", "bench tiny.braid --runs 1 --seconds 0 --json \(option)")
            return try #require(result.json()["cached_kernels"] as? Int)
        }
        #expect(try cachedKernels("") == 0 && cachedKernels("--target host,no-dot") == 0)
        #expect(try cachedKernels("") > 0 && cachedKernels("--target host,no-dot") > 0)
        let tuned = try workplace.run("tune", "tiny.braid", "--seconds", "0", "--candidates", "1", "--quiet", "--target", "host,no-dot")
        #expect(tuned.status == 0, "\(tuned.errors)")
        let cleared = try workplace.run("tune", "--clear")
        #expect(cleared.output == "nothing is kept for this machine\n")
        #expect(try workplace.run("tune", "--clear", "--target", "host,no-dot").output.hasPrefix("removed "))
        #expect(
            try workplace.run("tune", "--clear", "--target", "host,no-dot").output == "nothing is kept for the target host,no-dot\n")
    }

    // MARK: Version

    @Test func versionTellsOfUnitsAndTarget() throws {
        let record = try workplace.run("version", "--json").json()
        let products = try #require(record["dot_products"] as? [[String: Any]])
        #expect(products.count == Target.host.dotProducts.count)
        for product in products {
            let number = try #require(NarrowNumber(rawValue: product["number"] as? String ?? ""))
            #expect(product["instruction"] as? String == Target.host.dotProducts[number]?.instruction.rawValue)
            #expect(product["rate"] as? Double == Target.host.dotProducts[number]?.rate)
        }
        #expect((record["tiles"] as? [String: Any])?["registers"] as? Int == Target.host.tiles?.registers)
        #expect(record["target"] as? String == "host")
        let restricted = try shell("BRAID_TARGET=host,no-tiles", "version").output
        for part in ["vector units  ", "dot products  ", "tiles         ", "target        host,no-tiles\n"] {
            #expect(restricted.contains(part), "\(restricted)")
        }
        let unknown = try shell("BRAID_TARGET=vax", "version")
        #expect(unknown.status == 2 && unknown.errors.contains("BRAID_TARGET: there is no target 'vax'"))
    }
}
