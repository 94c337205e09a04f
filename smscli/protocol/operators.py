"""Which operator a mobile number probably has: by its number range, as the ministry gave them out.

It is approximate, because since 2019 people take their number along to another operator.
"""

OTHER = "其他"
ENGLISH = {
    "移动": "China Mobile",
    "联通": "China Unicom",
    "电信": "China Telecom",
    "广电": "China Broadnet",
    "虚拟": "virtual operators",
    OTHER: "other",
}
_PREFIXES = {
    "移动": "134 135 136 137 138 139 147 148 150 151 152 157 158 159 172 178 182 183 184 187 188 195 197 198",
    "联通": "130 131 132 145 146 155 156 166 175 176 185 186 196",
    "电信": "133 149 153 173 177 180 181 189 190 191 193 199",
    "广电": "192",
    "虚拟": "162 165 167 170 171",
}
_RANGES = {prefix: operator for operator, prefixes in _PREFIXES.items() for prefix in prefixes.split()}


def operator_of(mobile: str) -> str:
    """Return the operator that has a number's range, a key of ENGLISH."""
    return _RANGES.get(mobile[:3], OTHER)
