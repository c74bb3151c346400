// swift-tools-version: 6.2
import Foundation
import PackageDescription

/// The LLVM installation that Braid links: `LLVM_DIR` when set, otherwise the newest one under the usual prefixes.
struct LLVM {
    static let oldest = 19
    let prefix: String
    let version: Int

    var library: String { "LLVM-\(version)" }

    static func find() -> LLVM {
        let files = FileManager.default
        var prefixes: [String]
        if let chosen = ProcessInfo.processInfo.environment["LLVM_DIR"], !chosen.isEmpty {
            prefixes = [chosen]
        } else {
            let installed = (try? files.contentsOfDirectory(atPath: "/usr/lib")) ?? []
            let versions = installed.compactMap { $0.hasPrefix("llvm-") ? Int($0.dropFirst(5)) : nil }
            prefixes = versions.filter { $0 >= oldest }.sorted(by: >).map { "/usr/lib/llvm-\($0)" }
            prefixes += ["/usr/local", "/opt/homebrew/opt/llvm"]
        }
        for prefix in prefixes where files.fileExists(atPath: "\(prefix)/include/llvm-c/Core.h") {
            let names = (try? files.contentsOfDirectory(atPath: "\(prefix)/lib")) ?? []
            let versions = names.compactMap { name -> Int? in
                guard name.hasPrefix("libLLVM-"), name.hasSuffix(".so") else { return nil }
                return Int(name.dropFirst("libLLVM-".count).dropLast(".so".count))
            }
            if let version = versions.filter({ $0 >= oldest }).max() { return LLVM(prefix: prefix, version: version) }
        }
        fatalError(
            """


            Braid needs LLVM \(oldest) or newer with its C headers; none was found in \(prefixes.joined(separator: ", ")).
            On Debian: script/bootstrap (or: apt-get install llvm-19-dev). Elsewhere: set LLVM_DIR to the installation's prefix.

            """)
    }

    var compileFlags: [String] { ["-Xcc", "-I\(prefix)/include"] }
    var linkFlags: [String] { ["-L\(prefix)/lib", "-Xlinker", "-rpath", "-Xlinker", "\(prefix)/lib"] }
}

let llvm = LLVM.find()

/// Tests see what is internal, in release builds too: script/test runs them on the parts that the command is made of, which are built once then.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6), .treatAllWarnings(as: .error), .unsafeFlags(["-enable-testing"], .when(configuration: .release)),
]
/// Tests themselves are built faster than they would run faster.
let plain: [SwiftSetting] = [.unsafeFlags(["-Onone"], .when(configuration: .release))]
/// What nearly every test runs is optimized in debug builds, too: the interpreter and the fp64 reference, 20 times faster then, and the way from a
/// text to a graph, whose generic code takes most of its time otherwise. File by file: compiled as a whole, a part that changes is not seen by those
/// that are compiled file by file and import it, which then go by layouts of values that are no more.
let optimized: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

func part(_ name: String, needs: [Target.Dependency] = [], settings: [SwiftSetting] = strict) -> Target {
    .target(name: name, dependencies: needs, swiftSettings: settings)
}

func tests(_ name: String, needs: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: needs, exclude: exclude, swiftSettings: strict + plain)
}

// The order of the road: a part imports what stands before it, never what stands after (Tests/ArchitectureTests reads the imports).
let package = Package(
    name: "braid",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "braid", targets: ["braid"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
    ],
    targets: [
        .systemLibrary(name: "CLLVM"),
        .systemLibrary(name: "CProcessor"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CWebP", pkgConfig: "libwebp", providers: [.apt(["libwebp-dev"])]),
        .target(name: "CMemory"),
        // Data preparation must keep up with machine code.
        .target(name: "CPixels", cSettings: [.unsafeFlags(["-O2"], .when(configuration: .debug))]),
        // It finds libclang while the program runs, of the version that LLVM has: the search path of the program has its folder.
        .target(
            name: "CClang", cSettings: [.define("BRAID_LLVM_VERSION", to: "\(llvm.version)")],
            linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
        .target(name: "CPNG", linkerSettings: [.linkedLibrary("png")]),
        .target(name: "CJPEG", linkerSettings: [.linkedLibrary("jpeg")]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        part("Source", settings: strict + optimized),
        part("CompiledC", needs: ["Source", "CClang"]),
        part("Graph", needs: ["Source"], settings: strict + optimized),
        part("Operators", needs: ["CompiledC", "Graph"], settings: strict + optimized),
        part(
            "Interchange", needs: ["Source", "Graph", "CZlib", "CPNG", "CJPEG", "CWebP", "CPixels", "CCrypto", "CMemory"],
            settings: strict + optimized),
        part("Recipes", needs: ["Graph", "Operators"], settings: strict + optimized),
        part("Analysis", needs: ["Source", "Graph", "Operators", "Recipes", "Interchange"], settings: strict + optimized),
        part("Language", needs: ["Source", "Graph", "Operators", "Recipes"], settings: strict + optimized),
        .target(
            name: "ONNX",
            dependencies: [
                "Source", "Graph", "Operators", "Language", "Interchange", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            exclude: ["Schema/onnx.proto"], swiftSettings: strict + optimized),
        part("Foreign", needs: ["Source", "CompiledC", "Graph", "Language", "CClang"]),
        part("Passes", needs: ["Source", "Graph", "Operators", "Recipes"], settings: strict + optimized),
        part("LoopNest", needs: ["Source", "CompiledC", "Graph"], settings: strict + optimized),
        part("Kernels", needs: ["Graph", "LoopNest"], settings: strict + optimized),
        .target(
            name: "Machine", dependencies: ["Source", "CompiledC", "LoopNest", "Graph", "Interchange", "CLLVM", "CMemory", "CProcessor"],
            swiftSettings: strict + optimized,
            linkerSettings: [.linkedLibrary(llvm.library), .unsafeFlags(llvm.linkFlags)]),
        part("Runtime", needs: ["Source", "Graph", "Kernels", "Machine", "CProcessor"], settings: strict + optimized),
        part("Training", needs: ["Source", "Graph", "Recipes", "Runtime", "Interchange"], settings: strict + optimized),
        part(
            "Compiler",
            needs: [
                "Source", "CompiledC", "Graph", "Operators", "Recipes", "Analysis", "Language", "ONNX", "Foreign", "Passes", "LoopNest",
                "Kernels", "Machine", "Runtime", "Training", "Interchange",
            ], settings: strict + optimized),
        // The page's files become part of the program, which is one file wherever it is installed.
        .target(
            name: "Viewer", dependencies: ["Interchange", "Compiler"], resources: [.embedInCode("Page")], swiftSettings: strict),
        part("LanguageServer", needs: ["Source", "Graph", "Analysis", "Language", "Compiler"]),
        .executableTarget(
            name: "braid",
            dependencies: [
                "Analysis", "Compiler", "Viewer", "LanguageServer", "ONNX", "Training", "Interchange", "Source", "Graph", "Operators",
                "Recipes", "Language", "LoopNest", "Kernels", "Machine", "Runtime",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        .target(name: "CTileTrap", path: "Tests/CTileTrap"),
        .target(
            name: "TestSupport", dependencies: ["Graph", "Operators"], path: "Tests/TestSupport", swiftSettings: strict + optimized),
        .target(name: "TileSupport", dependencies: ["CTileTrap", "Machine", "LoopNest"], path: "Tests/TileSupport", swiftSettings: strict),
        .target(
            name: "EmulatorSupport", dependencies: ["Machine", "LoopNest"], path: "Tests/EmulatorSupport", swiftSettings: strict),
        .target(
            name: "Fuzzing",
            dependencies: [
                "Analysis", "Compiler", "Training", "Runtime", "Machine", "Interchange", "Language", "LoopNest", "ONNX", "Operators",
                "Graph",
                "Source",
                "TestSupport",
            ],
            path: "Tests/Fuzzing", swiftSettings: strict),
        .target(
            name: "ActivationAccuracy", path: "Tests/ActivationAccuracy", swiftSettings: strict + optimized),
        // A tool of the developers, run by script/fuzz; no product.
        .executableTarget(
            name: "braid-fuzz", dependencies: ["Fuzzing", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Tests/braid-fuzz", swiftSettings: strict),
        tests("Architecture", needs: ["TestSupport"]),
        tests("Source", needs: ["Source"]),
        tests("CompiledC", needs: ["CompiledC"]),
        tests("Graph", needs: ["Graph", "Source"]),
        tests("Operators", needs: ["Operators", "Graph", "TestSupport"], exclude: ["Cases"]),
        tests("Recipes", needs: ["Recipes", "Graph"]),
        tests("Interchange", needs: ["Interchange", "Graph", "CPixels"], exclude: ["Cases"]),
        tests(
            "Analysis",
            needs: [
                "Analysis", "Compiler", "Runtime", "Training", "Recipes", "Graph", "Language", "Operators", "Source",
                "TestSupport",
            ],
            exclude: ["Drawings", "Faults", "Propagation"]),
        tests("Language", needs: ["Recipes", "Language", "Source", "Graph", "Operators", "TestSupport"], exclude: ["Cases"]),
        tests("ONNX", needs: ["ONNX", "Interchange", "Graph", "Operators", "TestSupport"]),
        tests("Foreign", needs: ["CompiledC", "Foreign", "Language", "Source", "Graph", "TestSupport"], exclude: ["Cases"]),
        tests("Passes", needs: ["Recipes", "Passes", "Graph", "Operators", "TestSupport"], exclude: ["Cases"]),
        tests("LoopNest", needs: ["LoopNest", "Graph", "TestSupport"], exclude: ["Cases"]),
        tests("Kernels", needs: ["Recipes", "Kernels", "LoopNest", "Passes", "TestSupport", "Operators", "Graph"]),
        tests(
            "Machine", needs: ["Machine", "LoopNest", "Graph", "TestSupport", "TileSupport", "EmulatorSupport"], exclude: ["Cases"]),
        tests("Runtime", needs: ["Runtime", "Machine", "Kernels", "LoopNest", "Graph"]),
        tests("Training", needs: ["Recipes", "Training", "Interchange", "Runtime", "Machine", "Kernels", "LoopNest", "Graph"]),
        tests(
            "Compiler",
            needs: [
                "Analysis", "CompiledC", "Compiler", "Runtime", "Machine", "Kernels", "LoopNest", "Passes", "Foreign", "Language",
                "Operators",
                "Interchange", "Graph", "Source", "Training", "Recipes",
                "TestSupport", "TileSupport", "EmulatorSupport", "Fuzzing", "ActivationAccuracy",
            ],
            exclude: ["Cases"]),
        tests("Viewer", needs: ["Viewer", "Compiler", "LoopNest"]),
        tests("LanguageServer", needs: ["LanguageServer", "Compiler", "Language", "Source", "TestSupport"]),
        tests(
            "Command", needs: ["braid", "CompiledC", "Foreign", "LoopNest", "Machine", "Training", "Interchange", "TestSupport"],
            exclude: ["Cases"]),
    ]
)

// One part imports LLVM's headers, but the compiler opens them again for whoever imports that part, however far away: which does is a matter of
// what is optimized, and whether it finds them in its cache is a matter of the order of the build. So all of them are told where the headers are.
func name(_ dependency: Target.Dependency) -> String? {
    switch dependency {
    case .targetItem(let name, _), .byNameItem(let name, _): name
    default: nil
    }
}

var seesLLVM: Set = ["CLLVM"]
// A target stands after what it needs, so one pass is enough.
for target in package.targets where target.dependencies.contains(where: { name($0).map(seesLLVM.contains) == true }) {
    seesLLVM.insert(target.name)
    target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(llvm.compileFlags)]
}
