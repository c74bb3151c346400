import Foundation
import Graph
import Interchange
import Testing

@testable import ONNX

/// Models that say what no exporter writes, most of them found by the fuzzer: refused with a reason, never a crash.
@Suite struct HostileModelTests {
    private static let cases: [(what: String, message: String, model: ModelText)] = [
        ("no operand", "the input 1 is missing", model { $0.node("Identity", [], ["y"]) }),
        ("no operands of a product", "the input 1 is missing", model { $0.node("MatMul", [], ["y"]) }),
        (
            "a scale of more axes", "beside a tensor of rank 2",
            model {
                $0.weight("w", [1, 1, 1, 3], [1, 2, 3])
                $0.node("LayerNormalization", ["x", "w"], ["y"])
            }
        ),
        (
            "slopes of more axes", "beside a tensor of rank 2",
            model {
                $0.weight("w", [1, 1, 2, 3], [1, 2, 3, 4, 5, 6])
                $0.node("PRelu", ["x", "w"], ["y"])
            }
        ),
        (
            "an input of many axes", "at most 8 axes",
            model {
                $0.input("many", [Int](repeating: 2, count: 9))
                $0.node("Relu", ["many"], ["y"])
            }
        ),
        (
            "a result of many axes", "numbers in 'extents', not 9",
            model {
                $0.integers("shape", [2, 3] + [Int64](repeating: 1, count: 7))
                $0.node("Reshape", ["x", "shape"], ["y"])
            }
        ),
        (
            "a shape of very many axes", "has 100000 integers, more than 65536",
            model {
                $0.integers("count", [100_000])
                $0.node("ConstantOfShape", ["count"], ["zeros"])
                $0.node("Cast", ["zeros"], ["shape"], [.integer("to", 7)])
                $0.node("Reshape", ["x", "shape"], ["y"])
            }
        ),
        (
            "very many parts", "2147483647 parts for 1 outputs",
            model { $0.node("Split", ["x"], ["y"], [.integer("num_outputs", 1 << 31 - 1)]) }
        ),
        (
            "a region of no numbers", "the region",
            model {
                $0.input("image", [1, 1, 4, 4])
                $0.weight("region", [8], [0, 0, .nan, 0, 1, 1, .infinity, 1])
                $0.integers("sizes", [1, 1, 2, 2])
                $0.node("Resize", ["image", "region", "", "sizes"], ["y"], [.text("coordinate_transformation_mode", "tf_crop_and_resize")])
            }
        ),
        (
            "an aspect without an end", "becomes one of",
            model {
                $0.input("image", [1, 1, 4, 4])
                $0.integers("sizes", [1 << 24, 1, 2, 2])
                $0.node("Resize", ["image", "", "", "sizes"], ["y"], [.text("keep_aspect_ratio_policy", "not_smaller")])
            }
        ),
        (
            "no window fits", "larger than the image of 2x2",
            model {
                $0.input("image", [1, 1, 2, 2])
                $0.node("AveragePool", ["image"], ["y"], [.integers("kernel_shape", [3, 3]), .integers("dilations", [4, 4])])
            }
        ),
        (
            "a mask of a terabyte", "a constant of the shape",
            model {
                $0.input("large", [1 << 20, 1 << 18])
                $0.node("Dropout", ["large"], ["y", "mask"])
                $0.output("mask")
            }
        ),
        (
            "nothing reduced to very much", "a constant of the shape",
            model {
                $0.weight("w", [0, 1 << 20, 1 << 20], [])
                $0.node("ReduceSum", ["w", "axes"], ["y"])
                $0.integers("axes", [0])
            }
        ),
        (
            "an extent beside none", "has the extent 1099511627776",
            model {
                $0.weight("w", [0, 1 << 40], [])
                $0.node("Identity", ["w"], ["y"])
            }
        ),
        (
            "positions that are no integers", "'places' is of float, and must be of integers",
            model {
                $0.input("places", [2, 3])
                $0.node("GatherElements", ["x", "places"], ["y"])
            }
        ),
        (
            "known positions beside the axis", "the position 3 along an axis of 3",
            model {
                $0.integers("places", [0, 1, -3, 3])
                $0.integers("shape", [2, 2])
                $0.node("Reshape", ["places", "shape"], ["table"])
                $0.node("GatherElements", ["x", "table"], ["y"], [.integer("axis", 1)])
            }
        ),
        (
            "logarithms that count as integers, as positions", "'whole' is of int64, and must be of floating-point numbers",
            model {
                $0.input("whole", [2, 3], 7)
                $0.node("LogSoftmax", ["whole"], ["places"])
                $0.node("Gather", ["x", "places"], ["y"])
            }
        ),
        (
            "constants of integers as angles", "'whole' is of int64, and must be of floating-point numbers",
            model {
                $0.integers("whole", [1, 2])
                $0.node("Tanh", ["whole"], ["places"])
                $0.node("Gather", ["x", "places"], ["y"])
            }
        ),
        (
            "integers beside fractions", "'x' is of float, and must be of int64 like 'whole'",
            model {
                $0.input("whole", [2, 3], 7)
                $0.node("Add", ["whole", "x"], ["y"])
            }
        ),
        (
            "a choice by numbers", "'x' is of float, and must be of truth values",
            model { $0.node("Where", ["x", "x", "x"], ["y"]) }
        ),
        (
            "the least of truth values", "'isTrue' is of bool, and must be of numbers",
            model {
                $0.input("isTrue", [2, 3], 9)
                $0.node("Min", ["isTrue", "isTrue"], ["y"])
            }
        ),
        (
            "means of integers", "Resize of uint8 that is computed while the network runs",
            model {
                $0.input("image", [1, 1, 2, 2], 2)
                $0.weight("scales", [4], [1, 1, 2, 2])
                $0.node("Resize", ["image", "", "scales"], ["y"], [.text("mode", "linear")])
            }
        ),
        (
            "a fraction of a product of integers", "Gemm of int32 that is computed while the network runs",
            model {
                $0.input("whole", [2, 2], 6)
                $0.node("Gemm", ["whole", "whole"], ["y"], [.number("alpha", 0.5)])
            }
        ),
        (
            "integers that f64 does not have", "Neg of integers beyond 2^53",
            model {
                $0.integers("large", [.max, 3])
                $0.node("Neg", ["large"], ["y"])
            }
        ),
        (
            "integers that leave their type", "Mul of integers whose results int64 does not hold, or lie beyond 2^53",
            model {
                $0.integers("large", [1 << 40, 3])
                $0.node("Mul", ["large", "large"], ["y"])
            }
        ),
        (
            "zero points of a vector's rows", "zero points beside a tensor of rank 1",
            model {
                $0.input("a", [3], 2)
                $0.input("b", [3, 2], 2)
                $0.input("points", [3], 2)
                $0.node("MatMulInteger", ["a", "b", "points"], ["y"])
            }
        ),
        (
            "positions of all windows of a large tensor", "more than 2^24 elements",
            model {
                $0.input("image", [1, 1, 1 << 13, 1 << 13])
                $0.node("MaxPool", ["image"], ["y", "places"], [.integers("kernel_shape", [1, 1])])
                $0.output("places")
            }
        ),
        (
            "constants that are too much together", "ConstantOfShape 'second': a constant of the shape [10000000]",
            model {
                $0.integers("shape", [10_000_000])
                $0.node("ConstantOfShape", ["shape"], ["first"])
                $0.node("ConstantOfShape", ["shape"], ["second"])
                $0.node("Add", ["first", "second"], ["y"])
            }
        ),
        (
            "padding that takes the window away", "at least 0, not -5",
            model {
                $0.input("signal", [1, 1, 3])
                $0.node(
                    "AveragePool", ["signal"], ["y"],
                    [
                        .integers("kernel_shape", [1]), .integers("strides", [4]), .integers("dilations", [2]), .integers("pads", [0, -5]),
                        .integer("count_include_pad", 1),
                    ])
            }
        ),
        (
            "a negative extent beside none", "repeated to [0, 2, -1]",
            model {
                $0.integers("shape", [0, 2, -1])
                $0.weight("one", [], [1])
                $0.node("Expand", ["one", "shape"], ["y"])
            }
        ),
        (
            "negative repeats beside none", "[0, -1] repeats of",
            model {
                $0.integers("counts", [0, -1])
                $0.node("Tile", ["x", "counts"], ["y"])
            }
        ),
    ]

    private static func model(_ write: (inout ModelText) -> Void) -> ModelText {
        var model = ModelText()
        model.input("x", [2, 3])
        write(&model)
        model.output("y")
        return model
    }

    @Test(arguments: cases.indices) func isRefusedWithAReason(index: Int) throws {
        let (what, message, model) = Self.cases[index]
        let error = try #require(throws: ONNXError.self, "\(what)") { _ = try model.network() }
        #expect((error.message + error.notes.joined(separator: "\n")).contains(message), "\(what): \(error.message) \(error.notes)")
        #expect(!error.repair.isEmpty)
    }

    /// A branch that is known is nodes of the graph around it.
    @Test func branchesReadWhatTheGraphComputes() throws {
        var model = ModelText()
        model.input("x", [2, 3])
        model.node("Relu", ["x"], ["a"])
        model.wire.graph.initializer.append(
            .with {
                $0.name = "condition"
                $0.dataType = 9
                $0.int32Data = [1]
            })
        var (then, otherwise) = (ModelText(), ModelText())
        then.node("Neg", ["a"], ["b"])
        then.output("b")
        otherwise.node("Exp", ["a"], ["b"])
        otherwise.output("b")
        model.node("If", ["condition"], ["y"])
        model.wire.graph.node[1].attribute = [("then_branch", then), ("else_branch", otherwise)].map { name, branch in
            .with {
                $0.name = name
                $0.type = 5
                $0.g = branch.wire.graph
            }
        }
        model.output("y")
        let found = try model.network().run(["x": HostTensor(shape: [2, 3], floats: [1, -2, 3, -4, 5, -6])])
        #expect(found["y"]?.floats == [-1, 0, -3, 0, -5, 0])
    }
}
