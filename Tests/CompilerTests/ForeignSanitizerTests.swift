import CompiledC
import Foundation
import TestSupport
import Testing

/// The operators of `Cases/operators.c` under AddressSanitizer, each array alone in memory: with shapes that their rules allow they touch
/// nothing else, whatever the numbers are. (That other shapes never get there is tested where rules are.)
@Suite(.enabled(if: Sanitizer.command != nil, "no C compiler with AddressSanitizer is installed")) struct ForeignSanitizerTests {
    @Test(arguments: [[1, 1, 1], [3, 4, 5], [2, 1, 7], [1, 9, 1], [4, 2, 2]]) func readsAndWritesOnlyItsArrays(shape: [Int]) throws {
        let result = try Sanitizer.run(shape: shape, given: shape)
        #expect(result.status == 0, "\(result.text)")
    }

    /// The sanitizer sees what the rule keeps out: a shape that is not the arrays'.
    @Test func seesWhatTheRuleExcludes() throws {
        let result = try Sanitizer.run(shape: [3, 4, 5], given: [3, 4, 6])
        #expect(result.status != 0 && result.text.contains("AddressSanitizer: heap-buffer-overflow"))
    }
}

private enum Sanitizer {
    private static let flags = ["-std=gnu17", "-g", "-O1", "-fsanitize=address", "-D_GNU_SOURCE", "-DBRAID_COMPILING", "-w"]

    /// A compiler that has the sanitizer.
    static let command: String? = {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        let found = ["clang-19", "clang", "gcc"].flatMap { name in folders.map { "\($0)/\(name)" } }
        return found.first { command in
            FileManager.default.isExecutableFile(atPath: command)
                && (try? inFolder { folder in
                    try "int main(void) { return 0; }\n".write(toFile: "\(folder)/main.c", atomically: true, encoding: .utf8)
                    return try run(command, flags + ["main.c", "-o", "main"], in: folder).status == 0
                        && run("\(folder)/main", [], in: folder).status == 0
                }) == true
        }
    }()

    /// Calls all operators on arrays for pictures of `shape`, and says that they are of `given`.
    static func run(shape: [Int], given: [Int]) throws -> (status: Int32, text: String) {
        let count = shape.reduce(1, *)
        let area = shape[1] * shape[2]
        let main = """
            #include "operators.c"
            void *malloc(unsigned long);
            void free(void *);
            static float *array(long count, float first, float step) {
                float *array = malloc(count * sizeof(float));
                for (long i = 0; i < count; i++) array[i] = first + step * (i % 13);
                return array;
            }
            int main(void) {
                const int64_t shape[] = {\((0..<4).map { _ in given.map(String.init).joined(separator: ", ") }.joined(separator: ", "))};
                const float firsts[] = {0, -1.5f, 1e30f, -1e30f, NAN, INFINITY};
                for (int i = 0; i < 6; i++) {
                    float *image = array(\(count), 0.5f, 0.1f), *result = array(\(count), 0, 0), *up = array(\(count), 1, 0.2f);
                    float *offsets = array(2 * \(area), firsts[i], 0.3f), *d = array(\(count), 0, 0), *e = array(2 * \(area), 0, 0);
                    float *gates = array(\(shape[0]), 0.1f, 0.2f), *f = array(\(shape[0]), 0, 0);
                    deform(image, offsets, result, shape);
                    deform_gradient(image, offsets, up, d, e, shape);
                    bilateral(image, result, shape, 2, 1.5f, 0.5f);
                    bilateral_gradient(image, up, d, shape, 2, 1.5f, 0.5f);
                    gate(image, gates, result, shape);
                    gate_gradient(image, gates, up, d, f, shape);
                    float *all[] = {image, result, up, offsets, d, e, gates, f};
                    for (int k = 0; k < 8; k++) free(all[k]);
                }
                return 0;
            }

            """
        return try inFolder { folder in
            try main.write(toFile: "\(folder)/main.c", atomically: true, encoding: .utf8)
            try FileManager.default.createDirectory(atPath: "\(folder)/headers", withIntermediateDirectories: true)
            for (name, text) in StandardHeaders.files {
                try text.write(toFile: "\(folder)/headers/\(name)", atomically: true, encoding: .utf8)
            }
            let cases = Golden.folder("Cases", beside: #filePath).path
            let built = try run(
                command ?? "", flags + ["-nostdinc", "-isystem", "headers", "-I", cases, "main.c", "-o", "main", "-lm"], in: folder)
            guard built.status == 0 else { return built }
            return try run("\(folder)/main", [], in: folder)
        }
    }

    private static func inFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "braid-asan-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try body(folder)
    }

    private static func run(_ command: String, _ arguments: [String], in folder: String) throws -> (status: Int32, text: String) {
        let process = Process()
        process.executableURL = URL(filePath: command)
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: folder)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationReason == .exit ? process.terminationStatus : -1, text)
    }
}
