internal import CLLVM
import Foundation
import LoopNest

extension Target {
    /// The machine that this process runs on. Where it has tiles, this asks the system for them: before threads are made, if a command is
    /// to compute with them.
    public static let host: Target = {
        LLVM.start
        return Target(
            name: "host", triple: LLVM.take(LLVMGetDefaultTargetTriple()), processor: LLVM.take(LLVMGetHostCPUName()),
            features: FeatureList(LLVM.take(LLVMGetHostCPUFeatures())).with(HostFeatures.detect()), caches: HostCaches.detect(),
            cores: ProcessInfo.processInfo.activeProcessorCount, lendsTiles: TilePermission.isGranted)
    }()

    /// The version of the library that generates code, such as 19.1.7.
    public static var codeGeneratorVersion: String { LLVM.version }
}

/// What the system says of the processor that the code generator's library does not ask about.
enum HostFeatures {
    static func detect() -> [String] {
        #if arch(arm64) && os(Linux)
            return arm(processorInformation: (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? "")
        #elseif arch(arm64) && canImport(Darwin)
            return [("hw.optional.arm.FEAT_DotProd", "dotprod"), ("hw.optional.arm.FEAT_BF16", "bf16")]
                .filter { HostCaches.systemNumber($0.0) == 1 }.map(\.1)
        #else
            return []
        #endif
    }

    /// The features of AArch64 that Linux's `/proc/cpuinfo` lists under its own names, in the code generator's.
    static func arm(processorInformation text: String) -> [String] {
        let line = text.split(separator: "\n").first { $0.hasPrefix("Features") } ?? ""
        let names = Set(line.drop { $0 != ":" }.dropFirst().split(separator: " "))
        return [("asimddp", "dotprod"), ("bf16", "bf16")].filter { names.contains(Substring($0.0)) }.map(\.1)
    }
}

/// The data caches that core 0 sees, in bytes; usual sizes where the system does not say.
private enum HostCaches {
    static func detect() -> DataCaches {
        var caches = DataCaches(level1: 32 << 10, level2: 1 << 20, level3: 8 << 20)
        #if os(Linux)
            let folder = "/sys/devices/system/cpu/cpu0/cache"
            for index in 0..<8 {
                func field(_ name: String) -> String? {
                    (try? String(contentsOfFile: "\(folder)/index\(index)/\(name)", encoding: .utf8))?
                        .trimmingCharacters(in: .whitespacesAndNewlines)
                }
                guard let level = field("level"), field("type") != "Instruction", let bytes = field("size").flatMap(byteCount) else {
                    continue
                }
                switch level {
                case "1": caches.level1 = bytes
                case "2": caches.level2 = bytes
                case "3": caches.level3 = bytes
                default: break
                }
            }
        #elseif canImport(Darwin)
            caches.level1 = systemNumber("hw.perflevel0.l1dcachesize") ?? 128 << 10
            caches.level2 = systemNumber("hw.perflevel0.l2cachesize") ?? 4 << 20
            caches.level3 = caches.level2
        #endif
        return caches
    }

    /// `32K` or `16M` as bytes.
    private static func byteCount(_ text: String) -> Int? {
        guard let unit = text.last else { return nil }
        let shift = unit == "K" ? 10 : unit == "M" ? 20 : 0
        guard let number = Int(shift == 0 ? text[...] : text.dropLast()), number > 0, number < 1 << 32 else { return nil }
        return number << shift
    }

    #if canImport(Darwin)
        static func systemNumber(_ name: String) -> Int? {
            var value: Int64 = 0
            var size = MemoryLayout<Int64>.size
            return sysctlbyname(name, &value, &size, nil, 0) == 0 ? Int(value) : nil
        }
    #endif
}
