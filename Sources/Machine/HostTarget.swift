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

/// What the system says of the processor that no schedule asks.
public enum HostProcessor {
    /// The processor's name as its maker writes it, such as `AMD EPYC 9R14`; the code generator's where the system does not say.
    public static let model: String = {
        #if canImport(Darwin)
            let text = HostCaches.systemText("machdep.cpu.brand_string")
        #else
            let text = model(processorInformation: (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? "")
        #endif
        return text ?? Target.host.processor
    }()

    /// The model that Linux's `/proc/cpuinfo` names, on one line of printable text; nil where it names none, as on most AArch64.
    static func model(processorInformation text: String) -> String? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("model name") }),
            let name = line.split(separator: ":", maxSplits: 1).dropFirst().first
        else { return nil }
        let words = name.filter { $0.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control } }
            .trimmingCharacters(in: .whitespaces)
        return words.isEmpty ? nil : String(words.prefix(100))
    }

    /// The cores that share the last-level cache with core 0: all where the system does not say.
    public static let coresOfLastCache: Int = {
        let path = "/sys/devices/system/cpu/cpu0/cache/index3/shared_cpu_list"
        return (try? String(contentsOfFile: path, encoding: .utf8)).flatMap(count(ofList:)) ?? Target.host.cores
    }()

    /// How many numbers a list of Linux has, such as `0-7,64-71`; nil if it is none.
    static func count(ofList text: String) -> Int? {
        var total = 0
        for range in text.trimmingCharacters(in: .whitespacesAndNewlines).split(separator: ",", omittingEmptySubsequences: false) {
            let ends = range.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], 0 <= first, first <= last,
                last < 1 << 20
            else { return nil }
            total += last - first + 1
        }
        return total
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

        static func systemText(_ name: String) -> String? {
            var bytes = [UInt8](repeating: 0, count: 256)
            var size = bytes.count
            guard sysctlbyname(name, &bytes, &size, nil, 0) == 0 else { return nil }
            return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    #endif
}
