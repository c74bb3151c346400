internal import CLLVM
import Foundation
import LoopNest

extension Target {
    /// The machine that this process runs on.
    public static let host: Target = {
        LLVM.start
        let processor = LLVM.take(LLVMGetHostCPUName())
        let features = LLVM.take(LLVMGetHostCPUFeatures())
        // What the features say counts, not the model: a virtual machine may hide some.
        let known = Set(features.split(separator: ",").map(String.init))
        let (lanes, registers): (Int, Int) =
            if ["+avx512f", "+avx512bw", "+avx512dq", "+avx512vl"].allSatisfy(known.contains) {
                (16, 32)
            } else if known.contains("+avx2"), known.contains("+fma") {
                (8, 16)
            } else {
                isARM ? (4, 32) : (4, 16)
            }
        let caches = HostCaches.detect()
        return Target(
            name: "host", triple: LLVM.take(LLVMGetDefaultTargetTriple()), processor: processor, features: features, lanes: lanes,
            vectorRegisters: registers, level1Bytes: caches.level1, level2Bytes: caches.level2, level3Bytes: caches.level3,
            cores: ProcessInfo.processInfo.activeProcessorCount)
    }()

    /// Whether code for `other` runs on this machine: the same family, with vectors at least as wide.
    public func canRun(_ other: Target) -> Bool {
        triple.prefix { $0 != "-" } == other.triple.prefix { $0 != "-" } && lanes >= other.lanes
    }

    /// The version of the library that generates code, such as 19.1.7.
    public static var codeGeneratorVersion: String { LLVM.version }

    private static var isARM: Bool {
        #if arch(arm64)
            true
        #else
            false
        #endif
    }
}

/// The data caches that core 0 sees, in bytes; usual sizes where the system does not say.
private struct HostCaches {
    var level1 = 32 << 10
    var level2 = 1 << 20
    var level3 = 8 << 20

    static func detect() -> HostCaches {
        var caches = HostCaches()
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
        private static func systemNumber(_ name: String) -> Int? {
            var value: Int64 = 0
            var size = MemoryLayout<Int64>.size
            return sysctlbyname(name, &value, &size, nil, 0) == 0 ? Int(value) : nil
        }
    #endif
}
