# ruff: noqa: I001
"""Imported while the memory snapshot is made, so that programs find these modules ready; nothing else happens here."""

import abc, argparse, array, ast, asyncio, atexit, base64, bisect, calendar, cmath, collections.abc, colorsys, configparser  # noqa: E401, F401
import contextlib, contextvars, copy, csv, dataclasses, datetime, decimal, difflib, enum, fnmatch, fractions, functools  # noqa: E401, F401
import getpass, glob, graphlib, gzip, hashlib, heapq, hmac, html, html.parser, http.client, inspect, io, itertools, json, keyword  # noqa: E401, F401
import linecache, logging, math, numbers, operator, os, pathlib, pickle, platform, pprint, queue, random, re, reprlib  # noqa: E401, F401
import secrets, select, shlex, shutil, signal, socket, sqlite3, statistics, string, struct, subprocess, tempfile, textwrap  # noqa: E401, F401
import threading, time, timeit, tokenize, traceback, types, typing, unicodedata, urllib.parse, urllib.request, uuid, warnings, weakref  # noqa: E401, F401
import xml.etree.ElementTree, zipfile, zlib, zoneinfo  # noqa: E401, F401
