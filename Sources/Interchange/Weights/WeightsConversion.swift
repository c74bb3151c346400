import Foundation
import Graph

/// Writes the tensors of a file of weights in another format, or as another type.
public struct WeightsConversion {
    /// What can be written.
    public enum Format: String, CaseIterable, Sendable {
        case safetensors, npz

        /// The format that a path ends in; nil for other endings.
        public init?(path: String) {
            guard let format = Self.allCases.first(where: { path.lowercased().hasSuffix("." + $0.rawValue) }) else { return nil }
            self = format
        }
    }

    /// The types that numbers can be written as.
    public static let types: [StoredElement] = [.f32, .bf16, .f16]

    public let file: WeightsFile
    public let format: Format
    /// What floating-point numbers become; nil to leave them as they are. Integers and booleans stay.
    public let element: StoredElement?
    /// Whether arrays of an archive are deflated.
    public let compresses: Bool

    public init(_ file: WeightsFile, to format: Format, as element: StoredElement? = nil, compresses: Bool = false) {
        precondition(element.map(Self.types.contains) ?? true, "numbers are not written as \(String(describing: element))")
        (self.file, self.format, self.element, self.compresses) = (file, format, element, compresses)
    }

    /// What is written: a tensor's type there.
    public func written(_ entry: WeightsFile.Entry) -> StoredElement {
        let element = entry.element.isFloatingPoint ? element ?? entry.element : entry.element
        // NumPy has no type of its own for some.
        return format == .npz && element.numpyName == nil ? .f32 : element
    }

    /// How many bytes the tensors will have.
    public var byteCount: Int { file.entries.reduce(0) { $0 + $1.count * written($1).size } }

    /// The metadata that is lost, by its keys: archives of NumPy have none.
    public var lostMetadata: [String] { format == .npz ? file.metadata.keys.sorted() : [] }

    /// Writes the file, atomically, with no more than one tensor in memory.
    ///
    /// Throws where a tensor cannot be read, or has a finite number that the type is too small for.
    public func write(to path: String) throws(InterchangeError) {
        let outputs = file.entries.map { entry in
            let element = written(entry)
            return TensorOutput(name: entry.name, element: element, shape: entry.shape) { [file] () throws(InterchangeError) in
                let tensor = try file.tensor(entry.name)
                guard let converted = tensor.converted(to: element) else {
                    throw InterchangeError(
                        file.path, .entry("tensor \"\(entry.name)\""), "it has numbers that \(element.rawValue) is too small for",
                        repair: element == .f16 ? "write it as bf16 or f32" : "leave its type as it is")
                }
                return converted.bytes
            }
        }
        switch format {
        case .safetensors: try Safetensors.write(outputs, metadata: file.metadata, to: path)
        case .npz: try NumPy.writeArchive(outputs, compresses: compresses, to: path)
        }
    }
}
